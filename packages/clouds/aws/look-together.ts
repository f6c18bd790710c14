/**
 * Looks at single instances, gathered: those asked for since the last look are one call to AWS, which counts each.
 * Whoever waits for fifty instances asks no more often than whoever waits for one.
 */
import { type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import type { CallContext } from '../provider.ts';
import { askAll, required } from './ask.ts';

/** The first look waits so long for others to join. */
const MOMENT_MILLISECONDS = 50;
/** From one look to the next. A boot takes tens of seconds. */
const BETWEEN_MILLISECONDS = 500;
/** Values that one filter takes. */
const MOST = 200;

type Look = (id: string, context: CallContext) => Promise<Instance | undefined>;

/** @returns how one instance stands, or undefined where AWS shows none with this id */
export function lookTogether(ec2: EC2Client): Look {
  // By signal: who is told to stop does not stop those of another step.
  const rounds = new WeakMap<AbortSignal, { asked: Asked[]; lastAt: number }>();
  return (id, context) =>
    new Promise((resolve) => {
      const round = rounds.get(context.signal) ?? { asked: [], lastAt: 0 };
      rounds.set(context.signal, round);
      round.asked.push({ id, resolve });
      if (round.asked.length > 1) return;
      const due = round.lastAt + BETWEEN_MILLISECONDS - performance.now();
      const look = () => {
        round.lastAt = performance.now();
        answer(ec2, round.asked.splice(0), context);
      };
      setTimeout(look, Math.max(MOMENT_MILLISECONDS, due));
    });
}

interface Asked {
  id: string;
  resolve: (answer: Promise<Instance | undefined>) => void;
}

function answer(ec2: EC2Client, asked: Asked[], context: CallContext) {
  while (asked.length > 0) {
    const some = asked.splice(0, MOST);
    const found = describe(
      ec2,
      some.map(({ id }) => id),
      context,
    );
    for (const { id, resolve } of some) resolve(found.then((all) => all.get(id)));
  }
}

async function describe(
  ec2: EC2Client,
  ids: readonly string[],
  context: CallContext,
): Promise<Map<string, Instance>> {
  const reservations = await askAll(
    'reading instances',
    context,
    (o) =>
      paginateDescribeInstances(
        { client: ec2 },
        { Filters: [{ Name: 'instance-id', Values: [...new Set(ids)] }] },
        o,
      ),
    (page) => page.Reservations,
  );
  return new Map(
    reservations
      .flatMap((one) => one.Instances ?? [])
      .map((one) => [required(one.InstanceId, 'an instance id'), one]),
  );
}
