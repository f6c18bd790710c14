/**
 * A host that Skein did not make joins by the printed command, is reached, and leaves without a trace. The host is an
 * instance started with AWS's own SDK in the production cluster's subnet, without user-data.
 */
import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { MintedJoinToken } from '@skein/contract/rest/peer.ts';
import type { Api } from '@skein/local/api.ts';
import type { LabAccounts, LabControl, LabMachine } from '@skein/local/lab.ts';
import { openEc2 } from './clouds/aws.ts';
import { settled } from './nodes.ts';
import { readSite, type Seat, type Site } from './site.ts';

const JOIN_SECONDS = 60;

/** What of the agent is still on a host: it prints nothing on a clean one. */
const TRACES = `
ip link show skein0 2>/dev/null | head -n 1
nft list tables 2>/dev/null | grep skein
pgrep -f '[/]opt/skein/agent.mjs'
grep -s 127.0.80.53 /etc/resolv.conf
ls /var/lib/skein/*key* /var/lib/skein/map* 2>/dev/null
true`;

/** @returns what was wrong while it was in the network, and after it had left */
export async function joinAndLeave(api: Api, lab: LabControl, accounts: LabAccounts, site: Site) {
  const cluster = site.clusters.find((one) => one.provider === 'aws');
  const model = site.seats.find((seat) => seat.cluster.id === cluster?.id && seat.peer.role === 'member');
  if (!cluster || !model) throw new Error('There is no member in AWS beside which a host could stand');
  const ec2 = openEc2(accounts, cluster.region);
  const host = await startHost(ec2, lab, model, cluster.id);
  try {
    const minted = await api.call('POST', `/clusters/${cluster.id}/join-tokens`, MintedJoinToken, {});
    const joined = await lab.run(host.id, ['sh', '-c', minted.command], JOIN_SECONDS);
    if (joined.exit !== 0)
      throw new Error(`The one-liner failed: ${(joined.stderr + joined.stdout).trim().slice(-400)}`);
    const wrongWhileIn = await settled(async () => {
      const now = await readSite(api, lab, site.network.id);
      const seat = now.seats.find((one) => one.machine.id === host.id);
      if (seat?.peer.state !== 'connected') return ['the API does not show it connected'];
      const unreached = await Promise.all(
        site.seats.map(async (from) => {
          const ping = await lab.run(
            from.machine.id,
            ['ping', '-n', '-c', '1', '-W', '2', seat.peer.overlayAddress],
            10,
          );
          return ping.exit === 0 ? [] : [`${from.fqdn} does not reach it`];
        }),
      );
      return unreached.flat();
    });

    const left = await lab.run(host.id, ['skein-agent', 'leave'], 30);
    if (left.exit !== 0) throw new Error(`skein-agent leave failed: ${left.stderr.trim()}`);
    const wrongAfter = await settled(async () => {
      const traces = (await lab.run(host.id, ['sh', '-c', TRACES], 10)).stdout.trim();
      const peers = (await readSite(api, lab, site.network.id)).seats.length;
      return [
        ...(traces === '' ? [] : [`left on the host: ${traces.replaceAll('\n', ', ')}`]),
        ...(peers === site.seats.length ? [] : [`the API lists ${peers} peers, want ${site.seats.length}`]),
      ];
    });
    return { wrongWhileIn, wrongAfter };
  } finally {
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [host.id] }));
    ec2.destroy();
  }
}

/** Starts an instance like `model`, without its user-data and tags, and waits until it runs. */
async function startHost(
  ec2: EC2Client,
  lab: LabControl,
  model: Seat,
  clusterId: string,
): Promise<LabMachine> {
  const found = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [model.machine.id] }));
  const like = found.Reservations?.[0]?.Instances?.[0];
  const groups = await ec2.send(
    new DescribeSecurityGroupsCommand({
      Filters: [
        { Name: 'tag:skein-cluster', Values: [clusterId] },
        { Name: 'tag:skein-key', Values: ['firewall/member'] },
      ],
    }),
  );
  const group = groups.SecurityGroups?.[0]?.GroupId;
  if (!like?.SubnetId || !group)
    throw new Error(`AWS does not describe ${model.machine.id} or its security group`);
  const started = await ec2.send(
    new RunInstancesCommand({
      ImageId: like.ImageId,
      InstanceType: like.InstanceType,
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [
        { DeviceIndex: 0, SubnetId: like.SubnetId, Groups: [group], AssociatePublicIpAddress: true },
      ],
    }),
  );
  const id = started.Instances?.[0]?.InstanceId;
  const notYet = await settled(async () => {
    const machine = (await lab.machines()).find((one) => one.id === id);
    return machine?.state === 'running' ? [] : [`the host ${id} is ${machine?.state ?? 'unknown'}`];
  });
  const machine = (await lab.machines()).find((one) => one.id === id);
  if (!machine || notYet.length > 0) throw new Error(notYet.join());
  return machine;
}
