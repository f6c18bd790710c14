/**
 * `npm run bench -- NAME [--json]`: runs one benchmark, prints a table and, as the last line, its figures as JSON.
 * Exits 1 when a bar written at the head of the benchmark's file falls short. `--json` leaves the table out.
 */
import { pathToFileURL } from 'node:url';

/** What a benchmark answers. `peers` is what stood beside it in the same run, `ratios` compares the two. */
export interface BenchResult {
  ok: boolean;
  ratios: Record<string, number>;
  figures: Record<string, number | Record<string, number>>;
  peers: Record<string, Record<string, number>>;
  /** One line a bar: what it is, what was measured, what is allowed. */
  bars: { bar: string; measured: string; allowed: string; ok: boolean }[];
}
export type Bench = (say: (line: string) => void) => Promise<BenchResult>;

const BENCHES: Record<string, () => Promise<{ bench: Bench }>> = {
  agent: () => import('./agent.ts'),
  failover: () => import('./failover.ts'),
  faults: () => import('./faults.ts'),
  pods: () => import('./pods.ts'),
  propagation: () => import('./propagation.ts'),
  reachability: () => import('./reachability.ts'),
  relay: () => import('./relay.ts'),
  provision: () => import('./provision.ts'),
  revocation: () => import('./revocation.ts'),
  tunnel: () => import('./tunnel.ts'),
};

async function main(args: string[]): Promise<number> {
  const json = args.includes('--json');
  const name = args.find((arg) => !arg.startsWith('--')) ?? '';
  const load = BENCHES[name];
  if (!load) {
    process.stderr.write(
      `There is no benchmark “${name}”. Name one of: ${Object.keys(BENCHES).join(', ')}\n`,
    );
    return 2;
  }
  const { bench } = await load();
  const result = await bench((line) => process.stderr.write(`${line}\n`));
  const { bars, ...told } = result;
  if (!json) {
    const width = (pick: (bar: (typeof bars)[number]) => string) =>
      Math.max(...bars.map((bar) => pick(bar).length));
    const [first, second] = [width((bar) => bar.bar), width((bar) => bar.measured)];
    for (const { bar, measured, allowed, ok } of bars)
      console.log(
        `${ok ? 'ok    ' : 'short '} ${bar.padEnd(first)}  ${measured.padStart(second)}  ${allowed}`,
      );
    for (const [peer, figures] of Object.entries(result.peers))
      for (const [figure, value] of Object.entries(figures))
        console.log(`beside it: ${peer} ${figure} ${value}`);
    for (const [ratio, value] of Object.entries(result.ratios)) console.log(`ratio: ${ratio} ${value}`);
  }
  console.log(JSON.stringify({ bench: name, ...told }));
  return result.ok ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = await main(process.argv.slice(2));
