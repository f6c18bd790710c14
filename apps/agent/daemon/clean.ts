/** Takes away everything that the agent ever put on the node, but for its own program. */
import { readdir, rm } from 'node:fs/promises';
import { RUN_DIRECTORY, STATE_DIRECTORY } from '../config.ts';
import { restoreNode } from '../dns/node-resolver.ts';
import { engine } from '../docker/engine.ts';
import { removeDocker } from '../docker/keeper.ts';
import { wordsOf } from '../failure.ts';
import { removeFilter } from '../filter/apply.ts';
import type { Run } from '../host/command.ts';
import { removeWay } from '../mtu/way.ts';
import { removeMouth } from '../path/mouth.ts';
import { removeRelay } from '../relay/apply.ts';
import { restoreHashing } from '../route/apply.ts';
import { restoreForwarding } from '../route/forwarding.ts';
import { removePodWays } from '../route/pods.ts';
import { restoreRangeForwarding } from '../route/range-forwarding.ts';
import { removeDevices } from '../wireguard/device.ts';

/** Cleans as far as it can and answers what could not be cleaned. The daemon must have let go before. */
export async function cleanNode(run: Run): Promise<string[]> {
  const problems: string[] = [];
  const attempt = (done: Promise<void>) =>
    done.catch((error) => {
      problems.push(wordsOf(error));
    });
  // Names first, and the filter after the interfaces it guards.
  await attempt(restoreNode(run));
  await attempt(removeDevices(run, 0));
  await attempt(restoreHashing());
  await attempt(restoreForwarding());
  await attempt(restoreRangeForwarding(run));
  await attempt(removeDocker(run, engine));
  await attempt(removeWay(run));
  await attempt(removePodWays(run));
  await attempt(removeRelay(run));
  await attempt(removeMouth(run));
  await attempt(removeFilter(run));
  await attempt(empty(STATE_DIRECTORY));
  await attempt(empty(RUN_DIRECTORY));
  return problems;
}

/** Empties a directory rather than removing it: it may be a mount. */
async function empty(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) await rm(`${directory}/${name}`, { recursive: true, force: true });
}
