/** EC2, the query protocol: finds the action, runs it on the account's region, answers XML. */
import { randomUUID } from 'node:crypto';
import type { MachineOf, Passage } from '../../fault/passage.ts';
import type { MachineStatus } from '../../ground/ground.ts';
import type { AwsAccount } from '../../store/accounts.ts';
import type { Lab } from '../../store/lab.ts';
import type { Section } from '../../store/store.ts';
import { isMissing } from '../fault-words.ts';
import { type QuotaName, quotaOf } from '../quota.ts';
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import { document, type Xml } from '../wire/xml.ts';
import { accountAttributeActions } from './account-attribute.ts';
import { addressActions } from './address.ts';
import type { Ec2Actions } from './call.ts';
import { catalogActions } from './catalog-view.ts';
import { instanceActions } from './instance.ts';
import { isVisible } from './instance-state.ts';
import { internetGatewayActions } from './internet-gateway.ts';
import { peeringActions } from './peering.ts';
import { routeTableActions } from './route-table.ts';
import { securityGroupActions } from './security-group.ts';
import { securityGroupRuleActions } from './security-group-rule.ts';
import { type Ec2State, emptyRegion, type RegionState } from './state.ts';
import { subnetActions } from './subnet.ts';
import { tagActions } from './tag.ts';
import { vpcActions } from './vpc.ts';

const VERSION = '2016-11-15';
const NAMESPACE = `http://ec2.amazonaws.com/doc/${VERSION}/`;

const ACTIONS: Ec2Actions = {
  ...vpcActions,
  ...subnetActions,
  ...internetGatewayActions,
  ...routeTableActions,
  ...peeringActions,
  ...securityGroupActions,
  ...securityGroupRuleActions,
  ...addressActions,
  ...instanceActions,
  ...catalogActions,
  ...tagActions,
  ...accountAttributeActions,
};

export const knowsEc2 = (action: string) => Object.hasOwn(ACTIONS, action);

export const writesEc2 = (action: string) =>
  Object.hasOwn(ACTIONS, action) && ACTIONS[action]?.writes === true;

/** Answers one call's XML document, or throws AwsError and has changed nothing. */
export function callEc2(
  lab: Lab,
  section: Section<Ec2State>,
  account: AwsAccount,
  region: string,
  name: string,
  params: Params,
  passage: Passage,
): string {
  const version = params.text('Version');
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new AwsError('InvalidAction', `The action ${name} is not valid for this web service.`);
  if (version !== VERSION)
    throw new AwsError(
      'NoSuchVersion',
      `The requested version (${version}) of service AmazonEC2 does not exist`,
    );

  const set = (quota: QuotaName) => quotaOf(lab.store, account.accountId, quota);
  const full = (quota: QuotaName, used: number) => passage.full(quota, used, set(quota));
  const limitOf = (quota: QuotaName) => passage.limitOf(quota, set(quota));
  // One answer shows each machine in one state, and reading its console is no light work.
  const seen = new Map<string, MachineStatus | undefined>();
  const run = (whole: Ec2State, machineOf: MachineOf = lab.machine): { [name: string]: Xml } => {
    const machine = (id: string) => {
      if (!seen.has(id)) seen.set(id, machineOf(id));
      return seen.get(id);
    };
    const key = `${account.accountId}/${region}`;
    const now = lab.now();
    const dry = params.bool('DryRun') ?? false;
    let state = whole.regions[key];
    if (!state) {
      state = emptyRegion();
      if (action.writes) whole.regions[key] = state;
    }
    if (action.writes)
      for (const instance of Object.values(state.instances))
        if (!isVisible(now, instance)) delete state.instances[instance.id];
    const standing = standingIn(state);
    const answer = action.run({ params, state, whole, region, account, now, machine, full, limitOf });
    const [unknown] = params.unread();
    if (unknown) throw new AwsError('UnknownParameter', `The parameter ${unknown} is not recognized`);
    if (dry)
      throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    for (const id of standingIn(state)) if (!standing.has(id)) bootLater(passage, id);
    return answer;
  };
  const answer = action.writes
    ? passage.change('aws-ec2', section, run, isMissing)
    : passage.read('aws-ec2', section, run);
  return document(`${name}Response`, NAMESPACE, { requestId: randomUUID(), ...answer });
}

/** Instances that are to have a machine. */
const standingIn = (state: RegionState): Set<string> =>
  new Set(
    Object.values(state.instances)
      .filter((each) => !each.terminatedAt && !each.stoppedAt)
      .map((each) => each.id),
  );

function bootLater(passage: Passage, instanceId: string): void {
  const seconds = passage.slowSeconds();
  if (seconds > 0) passage.delayBoot(instanceId, seconds);
}
