/** `./skein faults`: shows, sets and clears the faults of the lab that `./skein up` runs. */
import { join } from 'node:path';
import { z } from 'zod';
import { callSocket } from '../socket.ts';
import { readFaultWords } from './fault-words.ts';
import { UP } from './prepare.ts';
import { findDaemon } from './running.ts';

const Shown = z.object({
  total: z.number(),
  rules: z.array(
    z.object({
      rule: z.looseObject({ when: z.unknown(), fault: z.looseObject({ kind: z.string() }) }),
      matched: z.number(),
      bitten: z.number(),
    }),
  ),
});
const SECONDS = 10;

export async function faults(words: string[]): Promise<number> {
  const wanted = readFaultWords(words);
  if (findDaemon() === null)
    throw new Error('Skein is not running here. Start it with ./skein up, then set faults.');
  const socket = join(UP, 'lab/control.sock');
  const answer =
    wanted.does === 'show'
      ? await callSocket(socket, 'GET', '/faults', SECONDS)
      : wanted.does === 'clear'
        ? await callSocket(socket, 'DELETE', '/faults', SECONDS)
        : await callSocket(socket, 'PUT', '/faults', SECONDS, { seed: wanted.seed, rules: wanted.rules });
  for (const line of describe(Shown.parse(answer))) console.log(line);
  return 0;
}

function describe(shown: z.infer<typeof Shown>): string[] {
  if (shown.rules.length === 0) return ['The lab’s clouds behave: no faults are set.'];
  return shown.rules.map(({ rule: { when, fault, ...scope }, matched, bitten }) => {
    const { kind, ...settings } = fault;
    const often = typeof when === 'object' ? inWords(when) : when === 'always' ? '' : String(when);
    const said = [kind, often, inWords(settings), inWords(scope)].filter((each) => each !== '').join(', ');
    return `${said}: about ${matched} calls so far, bit ${bitten}`;
  });
}

const inWords = (settings: object | null): string =>
  Object.entries(settings ?? {})
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
