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
 * @param steps.find all that carry our tags; @param steps.undo takes away the one just made.
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
  for (let round = 0; round < ROUNDS; round++) {
    const found = (await steps.find()).sort((a, b) => (a.id < b.id ? -1 : 1));
    if (found[0]) return found[0];
    const mine = await steps.make();
    const look = () =>
      // What was just made may read as missing for some seconds.
      waitFor(
        async () => {
          const all = await steps.find();
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
    await steps.undo(mine);
    await pause(backOff(round, 200, 3_000), context.signal);
  }
  throw new CloudError('conflict', `Something else keeps making ${steps.what} at the same time.`, {
    remedy: 'See that one Skein alone works on this network, then try again.',
  });
}
