/** `skein-agent drain`: before a gateway is restarted or taken away, others take other ways. */
import { askDaemon, Drained } from '../daemon/control-socket.ts';
import { AgentFailure } from '../failure.ts';

/** Answers words. Throws `not-enrolled` where no daemon runs. */
export async function drain(on: boolean): Promise<string> {
  const drained = await askDaemon({ ask: on ? 'drain' : 'undrain' }, Drained);
  if (!drained) throw new AgentFailure('not-enrolled', 'skein-agent is not running on this node');
  return drained.draining
    ? 'others take other ways where they have some; until the agent starts anew, or: skein-agent drain --end'
    : 'this node is a way for others again';
}
