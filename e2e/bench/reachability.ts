/**
 * Whether the model of reachability says what packets say: random small networks built in namespaces by the agent's own
 * planners and renderers, and in each of them some questions answered by both. `--seed N` replays the network of that
 * number alone, `--networks N` builds that many.
 */

import { judge } from './reachability/judge.ts';
import { openLane } from './reachability/lane.ts';
import { networkOf } from './reachability/network.ts';
import type { Bench } from './run.ts';

/** The bars. */
const NETWORKS = 500;
const DISAGREEMENTS = 0;

/** Lanes side by side: building a network is mostly waiting. */
const LANES = 4;

export const bench: Bench = async (say) => {
  const seed = numberOf('--seed');
  const count = seed === undefined ? (numberOf('--networks') ?? NETWORKS) : 1;
  const told = await compare(seed ?? 1, count, LANES, say);
  const bars = [
    {
      bar: 'networks compared',
      measured: `${told.networks}`,
      allowed: `>= ${seed === undefined ? NETWORKS : 1}`,
      ok: told.networks >= (seed === undefined ? NETWORKS : 1),
    },
    {
      bar: 'networks in which model and packets disagree',
      measured: `${told.disagreements}`,
      allowed: `<= ${DISAGREEMENTS}`,
      ok: told.disagreements <= DISAGREEMENTS,
    },
  ];
  return { ok: bars.every((bar) => bar.ok), ratios: {}, figures: told, peers: {}, bars };
};

/** Compares `count` networks from number `first` on. */
export async function compare(
  first: number,
  count: number,
  lanes: number,
  say: (line: string) => void,
): Promise<Record<'networks' | 'disagreements' | 'questions' | 'reached' | 'seconds', number>> {
  const start = performance.now();
  const figures = { networks: 0, disagreements: 0, questions: 0, reached: 0 };
  let next = first;
  await Promise.all(
    Array.from({ length: Math.min(lanes, count) }, async () => {
      const lane = await openLane();
      try {
        while (next < first + count) {
          const seed = next;
          next += 1;
          const { questions, reached, disagreements } = await judge(lane, networkOf(seed, Date.now()));
          figures.networks += 1;
          figures.questions += questions;
          figures.reached += reached;
          if (disagreements.length > 0) figures.disagreements += 1;
          for (const one of disagreements) say(`seed ${seed}: ${one}`);
          if (figures.networks % 25 === 0)
            say(
              `${figures.networks} networks, ${figures.disagreements} with disagreements, ${Math.round((performance.now() - start) / 1000)} s`,
            );
        }
      } finally {
        await lane.close();
      }
    }),
  );
  return { ...figures, seconds: Math.round((performance.now() - start) / 1000) };
}

function numberOf(flag: string): number | undefined {
  const at = process.argv.indexOf(flag);
  return at < 0 ? undefined : Number(process.argv[at + 1]);
}
