import { CHANNEL } from '@skein/database/notify.ts';
import { changesOf } from '../../follow/changes.ts';
import { isConnected } from '../../network/view.ts';
import { StepFailure, type StepHandler } from '../engine/step-run.ts';
import { siteOf } from './site.ts';

/** The step's own limit comes later: ours ends in words about what to look at. */
const BEFORE_LIMIT_SECONDS = 30;

/** Kind `join`: waits until each peer is enrolled and its channel open. */
export const awaitJoin: StepHandler = async (run) => {
  const { peers, network, cluster } = await siteOf(run);
  const ids = peers.map((peer) => peer.id);
  const limitSeconds = run.step.timeoutSeconds - BEFORE_LIMIT_SECONDS;
  const limit = AbortSignal.timeout(limitSeconds * 1000);
  const signal = AbortSignal.any([run.signal, limit]);
  const concerns = (payload: string) => payload.includes(network.id);
  let missing: { name: string; enrolled: boolean }[] = peers.map(({ name }) => ({ name, enrolled: false }));

  for await (const _ of changesOf(
    run.context.database,
    [CHANNEL.presence, CHANNEL.revision],
    concerns,
    signal,
  )) {
    const now = await run.context.database.peer.findMany({
      where: { id: { in: ids }, removedAt: null },
      select: { name: true, enrolledAt: true, connectedAt: true, disconnectedAt: true },
      orderBy: { name: 'asc' },
    });
    const before = missing;
    missing = now
      .filter((peer) => !peer.enrolledAt || !isConnected(peer))
      .map((peer) => ({ name: peer.name, enrolled: peer.enrolledAt !== null }));
    for (const { name } of before)
      if (!missing.some((peer) => peer.name === name)) run.log(`${name} has joined.`);
    if (missing.length === 0) return { joined: now.length };
    run.waitingFor(`${missing.map((peer) => peer.name).join(', ')} to call from ${cluster.name}`);
  }
  run.signal.throwIfAborted();
  throw new StepFailure(whatIsMissing(missing, limitSeconds, run.context.coordinatorUrl));
};

function whatIsMissing(
  missing: readonly { name: string; enrolled: boolean }[],
  limitSeconds: number,
  coordinatorUrl: string,
) {
  const silent = missing.filter((peer) => !peer.enrolled).map((peer) => peer.name);
  const lost = missing.filter((peer) => peer.enrolled).map((peer) => peer.name);
  const words = [
    ...(silent.length > 0 ? [`${silent.join(', ')} did not call within ${limitSeconds} s`] : []),
    ...(lost.length > 0 ? [`${lost.join(', ')} enrolled but did not keep a channel open`] : []),
  ];
  return {
    code: 'join-timeout',
    message: `${words.join('; ')}.`,
    remedy:
      silent.length > 0
        ? `Look at the instance’s console output in its cloud: the install script says there which check failed. The node must reach ${coordinatorUrl}. Then retry this step.`
        : 'Look at the agent’s log on the node (journalctl -u skein-agent), then retry this step.',
    retryable: false,
  };
}
