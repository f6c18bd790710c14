import { CHANNEL } from '@skein/database/notify.ts';
import { changesOf } from '../../follow/changes.ts';
import { isConnected } from '../../network/view.ts';
import { StepFailure, type StepHandler } from '../engine/step-run.ts';
import { inputOf, networkOf } from './site.ts';

const BEFORE_LIMIT_SECONDS = 20;

/** Kind `applied`: waits until each connected agent says that it runs the revision. */
export const awaitApplied: StepHandler = async (run) => {
  const { networkId, organizationId } = run.step;
  const revision = inputOf(run).revision ?? (await networkOf(run)).revision;
  const limitSeconds = run.step.timeoutSeconds - BEFORE_LIMIT_SECONDS;
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(limitSeconds * 1000)]);
  const concerns = (payload: string) => payload.includes(networkId);
  let behind: string[] = [];
  for await (const _ of changesOf(run.context.database, [CHANNEL.presence], concerns, signal)) {
    const peers = await run.context.database.peer.findMany({
      where: { networkId, organizationId, removedAt: null, enrolledAt: { not: null } },
      select: { name: true, appliedNumber: true, connectedAt: true, disconnectedAt: true },
      orderBy: { name: 'asc' },
    });
    const connected = peers.filter(isConnected);
    behind = connected.filter((peer) => (peer.appliedNumber ?? -1) < revision).map((peer) => peer.name);
    if (behind.length === 0) {
      run.log(`${connected.length} connected agents run revision ${revision}.`);
      return { agents: connected.length };
    }
    run.waitingFor(`${behind.join(', ')} to apply revision ${revision}`);
  }
  run.signal.throwIfAborted();
  throw new StepFailure({
    code: 'not-applied',
    message: `After ${limitSeconds} s these agents do not run revision ${revision}: ${behind.join(', ')}.`,
    remedy: 'Look at what these peers say of themselves, then retry this step.',
    retryable: false,
  });
};
