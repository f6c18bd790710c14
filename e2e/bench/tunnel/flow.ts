/** TCP by iperf3, and what is made of several runs. */
import type { Place } from '@skein/agent/fixture/field.ts';

export const PORT = 5201;
export const RUNS = 5;
const SECONDS = 3;
const ATTEMPTS = 4;

/** Megabits a second of TCP to an address, by what the receiver got. */
export async function flow(from: Place, address: string, flows = 1): Promise<number> {
  let said = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    said = (await from.sh(`iperf3 -c ${address} -p ${PORT} -t ${SECONDS} -O 1 -P ${flows} -J`)).output;
    const megabits = JSON.parse(said).end?.sum_received?.bits_per_second / 1e6;
    if (megabits > 0) return megabits;
    // The server takes one test at a time, and a moment after each.
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error(`iperf3 to ${address}: ${JSON.parse(said).error ?? 'no figures'}`);
}

/** Runs of both in turn; the ratio is the median of those of neighbours. */
export async function compare(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ ours: number; theirs: number; ratio: number }> {
  const pairs: [number, number][] = [];
  for (let run = 0; run < RUNS; run += 1) {
    // Who goes first changes, for the second finds the machine warm.
    const first = run % 2 === 0 ? await ours() : await theirs();
    const second = run % 2 === 0 ? await theirs() : await ours();
    pairs.push(run % 2 === 0 ? [first, second] : [second, first]);
  }
  return {
    ours: median(pairs.map(([our]) => our)),
    theirs: median(pairs.map(([, their]) => their)),
    ratio: median(pairs.map(([our, their]) => our / their)),
  };
}

export async function repeat(one: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let run = 0; run < RUNS; run += 1) values.push(await one());
  return values;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

export function show(value: number, digits = 0): string {
  return value.toFixed(digits);
}
