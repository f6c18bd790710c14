import { CHANNEL } from '@skein/database/notify.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { changesOf } from '../../follow/changes.ts';
import { loadSnapshot } from '../../map/snapshot.ts';
import { isConnected } from '../../network/view.ts';
import { linksView } from '../../peer/view.ts';
import { StepFailure, type StepHandler, type StepRun } from '../engine/step-run.ts';

const BEFORE_LIMIT_SECONDS = 30;

/** Kind `verify`: waits until every tunnel between connected peers is reported up by both its ends. */
export const verifyTunnels: StepHandler = async (run) => {
  const limitSeconds = run.step.timeoutSeconds - BEFORE_LIMIT_SECONDS;
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(limitSeconds * 1000)]);
  const concerns = (payload: string) => payload.includes(run.step.networkId);
  let found = { tunnels: 0, missing: ['all tunnels'] };
  for await (const _ of changesOf(run.context.database, [CHANNEL.presence], concerns, signal)) {
    found = await look(run);
    if (found.missing.length === 0) {
      run.log(`${found.tunnels} tunnel ends are up.`);
      return { tunnels: found.tunnels };
    }
    run.waitingFor(
      `${found.missing.length} of ${found.tunnels} tunnel ends: ${found.missing.slice(0, 5).join(', ')}`,
    );
  }
  run.signal.throwIfAborted();
  throw new StepFailure({
    code: 'tunnels-down',
    message: `After ${limitSeconds} s these tunnels are not up: ${found.missing.slice(0, 20).join(', ')}.`,
    remedy:
      'Check that UDP 51820 passes between these nodes and what their agents say, then retry this step.',
    retryable: false,
  });
};

/** The tunnel ends that connected peers should hold, and those that they do not report as up. */
async function look(run: StepRun): Promise<{ tunnels: number; missing: string[] }> {
  const { networkId, organizationId } = run.step;
  const snapshot = await loadSnapshot(run.context.database, networkId);
  if (!snapshot) return { tunnels: 0, missing: [] };
  const rows = await run.context.database.peer.findMany({
    where: { networkId, organizationId, removedAt: null, enrolledAt: { not: null } },
  });
  const connected = new Map(rows.filter(isConnected).map((row) => [row.id, row]));
  let tunnels = 0;
  const missing: string[] = [];
  for (const row of connected.values()) {
    const reported = new Map(linksView(row).map((link) => [link.to, link.state]));
    for (const other of buildMap(snapshot, row.clusterId, row.id)?.peers ?? []) {
      if (!connected.has(other.id)) continue;
      tunnels += 1;
      const state = reported.get(other.id);
      // A tunnel without keepalive need not have been tried by anybody.
      const quiet = other.keepaliveSeconds === 0 && state === 'idle';
      if (state !== 'up' && !quiet) missing.push(`${row.name} → ${other.name}`);
    }
  }
  return { tunnels, missing };
}
