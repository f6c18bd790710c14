/**
 * Looks at single instances, gathered: those asked for within a moment are one call to AWS, which counts each. Whoever
 * waits for fifty instances asks no more often than whoever waits for one.
 */
import { type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import type { CallContext } from '../provider.ts';
import { askAll, required } from './ask.ts';

const MOMENT_MILLISECONDS = 50;
/** Values that one filter takes. */
const MOST = 200;

type Look = (id: string, context: CallContext) => Promise<Instance | undefined>;

/** @returns how one instance stands, or undefined where AWS shows none with this id */
export function lookTogether(ec2: EC2Client): Look {
  const waiting: {
    id: string;
    context: CallContext;
    resolve: (answer: Promise<Instance | undefined>) => void;
  }[] = [];

  const ask = () => {
    while (waiting.length > 0) {
      const asked = waiting.splice(0, MOST);
      const found = describe(
        ec2,
        asked.map(({ id }) => id),
        // All are of one step: its signal is the same for each.
        (asked[0] as (typeof asked)[0]).context,
      );
      for (const { id, resolve } of asked) resolve(found.then((all) => all.get(id)));
    }
  };
  return (id, context) =>
    new Promise((resolve) => {
      if (waiting.length === 0) setTimeout(ask, MOMENT_MILLISECONDS);
      waiting.push({ id, context, resolve });
    });
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
