import type { StepHandlers } from '../engine/step-run.ts';
import type { StepKind } from '../steps/planned.ts';
import { reserveAddresses } from './addresses.ts';
import { awaitApplied } from './applied.ts';
import { makeNetwork } from './cluster-network.ts';
import { checkCredentials } from './credentials.ts';
import { cutOff } from './cut-off.ts';
import { deleteResources } from './delete.ts';
import { deleteOrphans } from './delete-orphans.ts';
import { setFirewall } from './firewall.ts';
import { forgetCluster, forgetNetwork } from './forget.ts';
import { startInstances } from './instances.ts';
import { awaitJoin } from './join.ts';
import { installCni } from './kubernetes/cni.ts';
import { drainNodes } from './kubernetes/drain.ts';
import { awaitNodes } from './kubernetes/nodes.ts';
import { probeCni } from './kubernetes/probe.ts';
import { awaitServer } from './kubernetes/server.ts';
import { upgradeNode } from './kubernetes/upgrade.ts';
import { makePeering } from './peering.ts';
import { writeRecords } from './records.ts';
import { changeTopology } from './topology.ts';
import { verifyTunnels } from './verify.ts';
import { makeZones } from './zones.ts';

/** What each kind of step does. */
export const HANDLERS = {
  network: makeNetwork,
  peering: makePeering,
  addresses: reserveAddresses,
  firewall: setFirewall,
  instances: startInstances,
  join: awaitJoin,
  'kubernetes-server': awaitServer,
  'kubernetes-nodes': awaitNodes,
  cni: installCni,
  'cni-probe': probeCni,
  'kubernetes-upgrade': upgradeNode,
  'kubernetes-drain': drainNodes,
  zones: makeZones,
  records: writeRecords,
  verify: verifyTunnels,
  topology: changeTopology,
  applied: awaitApplied,
  'cut-off': cutOff,
  credentials: checkCredentials,
  delete: deleteResources,
  'delete-orphans': deleteOrphans,
  'forget-cluster': forgetCluster,
  'forget-network': forgetNetwork,
} satisfies StepHandlers & Record<StepKind, unknown>;
