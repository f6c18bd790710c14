/**
 * Makes one of a thing that its cloud would gladly make twice (a VPC, an Elastic IP): no name is unique there, no
 * idempotency token is taken. Tags alone tell.
 */
import { backOff, pause, waitFor } from './bounded-wait.ts';
import { type CallContext, CloudError } from './provider.ts';

const ROUNDS = 6;

/**
 * Finds ours or makes it. Two that make one at the same moment end with one: whoever, after making, sees another
 * takes its own away again; the one with the smaller id first gives the other a moment to do so. The one that was made
 * later always looks after the earlier one was made, so two never both stay.
 * Where several stand already, whoever made the last of them died before taking it away: one is kept, the one in use.
 * @param steps.find all that carry our tags; @param steps.undo takes one away, or fails as `in-use`.
 */
export async function findOrMakeOne<T extends { id: string }>(
  steps: {
    what: string;
    find: () => Promise<T[]>;
    make: () => Promise<string>;
    undo: (id: string) => Promise<void>;
  },
  context: CallContext,
): Promise<T> {
  // Lists may show for some seconds more what was taken away.
  const undone = new Set<string>();
  const find = async () =>
    (await steps.find()).filter((one) => !undone.has(one.id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const undo = async (id: string) => {
    await steps.undo(id);
    undone.add(id);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const found = await find();
    if (found[0] && found.length === 1) return found[0];
    if (found.length > 1) {
      // Their maker may be about to take one away, or has done so and the list is behind.
      await pause(backOff(0, 2_000, 2_000), context.signal);
      await keepOne(steps.what, await find(), undo);
      continue;
    }
    const mine = await steps.make();
    const look = () =>
      // What was just made may read as missing for some seconds.
      waitFor(
        async () => {
          const all = await find();
          return all.some((one) => one.id === mine) ? all : undefined;
        },
        { what: `${steps.what} ${mine} to show`, limitSeconds: 60, context },
      );
    let all = await look();
    if (all.length > 1 && all.every((one) => one.id >= mine)) {
      await pause(backOff(0, 1_000, 1_000), context.signal);
      all = await look();
    }
    const own = all.find((one) => one.id === mine);
    if (own && all.length === 1) return own;
    await undo(mine);
    await pause(backOff(round, 200, 3_000), context.signal);
  }
  throw new CloudError('conflict', `Something else keeps making ${steps.what} at the same time.`, {
    remedy: 'See that one Skein alone works on this network, then try again.',
  });
}

/** Takes away all but one: of those in use that one, else the one with the smallest id, which is what others keep too. */
async function keepOne(
  what: string,
  found: readonly { id: string }[],
  undo: (id: string) => Promise<void>,
): Promise<void> {
  const used: string[] = [];
  for (const [index, { id }] of [...found.entries()].reverse()) {
    if (index === 0 && used.length === 0) return;
    try {
      await undo(id);
    } catch (error) {
      if (!(error instanceof CloudError && error.code === 'in-use')) throw error;
      used.push(id);
    }
  }
  if (used.length > 1)
    throw new CloudError('conflict', `More than one of ${what} is in use: ${used.join(', ')}.`, {
      remedy: 'Free all but one of what uses them, then try again.',
    });
}
