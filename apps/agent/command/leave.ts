/** `skein-agent leave`: out of the network, and nothing of it left on the node. */
import { openPublicKey } from '@skein/mesh/map/sign.ts';
import { openConnection } from '../channel/connection.ts';
import { cleanNode } from '../daemon/clean.ts';
import { askDaemon, Left } from '../daemon/control-socket.ts';
import { AgentFailure } from '../failure.ts';
import { run } from '../host/command.ts';
import { readEnrolment } from '../state/enrolment.ts';
import { readKeys } from '../state/keys.ts';

const TELL_SECONDS = 8;

/** Leaves through the daemon where one runs, else by itself. Answers words. Throws `command-failed` with what is left. */
export async function leave(): Promise<string> {
  const left = (await askDaemon({ ask: 'leave' }, Left)) ?? {
    told: await tellAlone(),
    problems: await cleanNode(run),
  };
  if (left.problems.length > 0)
    throw new AgentFailure('command-failed', `left, but not all is cleaned: ${left.problems.join('; ')}`);
  return left.told
    ? 'left the network; the node is clean'
    : 'the node is clean, but the coordinator was not reached: remove the peer in the dashboard';
}

async function tellAlone(): Promise<boolean> {
  const [enrolment, keys] = [
    await readEnrolment().catch(() => undefined),
    await readKeys().catch(() => undefined),
  ];
  if (!enrolment || !keys) return true;
  return new Promise((resolve) => {
    const connection = openConnection({
      coordinatorUrl: enrolment.coordinatorUrl,
      own: { ...enrolment, mapKey: openPublicKey(enrolment.mapKey) },
      identity: keys.identity,
      have: () => null,
      onReady: (one) => {
        one.send({ type: 'leave' });
      },
      onMap: () => undefined,
      onPathTest: () => undefined,
      onServices: () => undefined,
      onExportsUnknown: () => undefined,
      onKubernetes: () => undefined,
      onRemoved: () => resolve(true),
      // Every other end is no promise that it was heard.
      onEnd: () => resolve(false),
    });
    setTimeout(() => {
      connection.close();
      resolve(false);
    }, TELL_SECONDS * 1000).unref();
  });
}
