/**
 * The control plane of the revocation benchmark: Postgres, a real coordinator in a process of its own, and the verbs
 * that the API calls. Runs inside the benchmark's namespace; takes orders as JSON lines, answers each with one.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Context } from '@skein/control/context.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { publishRevision } from '@skein/control/map/publish.ts';
import { removePeer } from '@skein/control/peer/remove.ts';
import { getPolicy } from '@skein/control/policy/get.ts';
import { savePolicy } from '@skein/control/policy/save.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { makeMesh } from '@skein/control/testing/mesh-rows.ts';
import { openDatabase } from '@skein/database/client.ts';
import { startEmbedded } from '@skein/database/embedded.ts';
import { migrate } from '@skein/database/migrate.ts';
import { makeOrganization } from '@skein/database/testing/fresh.ts';
import { simplePolicy } from '@skein/mesh/policy/simple.ts';

export type Order =
  | { order: 'mint'; cluster: number }
  /** What a cloud would have said of a gateway's node. */
  | { order: 'publish'; name: string; publicAddress: string }
  | { order: 'remove'; name: string }
  /** These UDP ports, and no others, are open between clusters. */
  | { order: 'open'; ports: number[] }
  | { order: 'end' };
export type Answer = {
  ready?: true;
  token?: string;
  /** Monotonic nanoseconds at the call of the verb and at its return. */
  calledAt?: number;
  returnedAt?: number;
  failed?: string;
};

const [directory = '', address = '', distribution = ''] = process.argv.slice(2);
const DATABASE_PORT = 5433;
const PORT = 7401;
const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
const monotonic = () => Number(process.hrtime.bigint());
const answer = (what: Answer) => process.stdout.write(`${JSON.stringify(what)}\n`);

const postgres = await startEmbedded(join(directory, 'postgres'), DATABASE_PORT);
await migrate(postgres.url);
const masterKey = randomBytes(32);
const masterKeyFile = join(directory, 'master.key');
await writeFile(masterKeyFile, masterKey.toString('base64'), { mode: 0o600 });
const coordinatorUrl = `http://${address}:${PORT}`;
const coordinator = spawn(
  process.execPath,
  [fileURLToPath(new URL('../../../apps/coordinator/main.ts', import.meta.url))],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      NODE_ENV: 'production',
      DATABASE_URL: postgres.url,
      SKEIN_MASTER_KEY_FILE: masterKeyFile,
      SKEIN_COORDINATOR_URL: coordinatorUrl,
      SKEIN_AGENT_DISTRIBUTION: distribution,
      HOST: address,
      PORT: String(PORT),
    },
  },
);
const database = openDatabase(postgres.url);
const organizationId = await makeOrganization(database, 'Bench');
const sealer = createSealer(masterKey, random);
const { networkId, clusterIds } = await makeMesh(database, sealer, organizationId, {
  clusters: 2,
  peersPerCluster: 0,
});
const context: Context = {
  database,
  random,
  sealer,
  coordinatorUrl,
  now: () => new Date(),
  platform: { publicUrl: coordinatorUrl, aws: null },
  wake: async () => {},
  actor: { kind: 'user', id: 'usr_bench', organizationId },
};

const idOf = async (name: string): Promise<string> => {
  const where = { organizationId, networkId, name, removedAt: null };
  return (await database.peer.findFirstOrThrow({ where })).id;
};

async function obey(order: Order): Promise<Answer> {
  if (order.order === 'mint') {
    const clusterId = clusterIds[order.cluster] as string;
    return { token: (await mintJoinToken(context, { clusterId, uses: 1, expiresInSeconds: 600 })).token };
  }
  if (order.order === 'publish') {
    const id = await idOf(order.name);
    await database.$transaction(async (tx) => {
      await tx.peer.update({ where: { id }, data: { publicAddress: order.publicAddress } });
      await publishRevision(tx, organizationId, networkId, [{ peer: id }], 'its cloud told its address');
    });
    return {};
  }
  if (order.order === 'remove') {
    const id = await idOf(order.name);
    const calledAt = monotonic();
    await removePeer(context, { id });
    const returnedAt = monotonic();
    // Names and instances are the worker's, who has no part in cutting off: without one the operation stays open.
    await database.operation.updateMany({
      where: { organizationId, state: 'queued' },
      data: { state: 'succeeded', finishedAt: new Date() },
    });
    return { calledAt, returnedAt };
  }
  if (order.order === 'open') {
    const policy = simplePolicy(order.ports.map((port) => ({ protocol: 'udp', port })));
    const { number } = await getPolicy(context, { id: networkId });
    const calledAt = monotonic();
    await savePolicy(context, { id: networkId, policy, seen: number });
    return { calledAt, returnedAt: monotonic() };
  }
  coordinator.kill('SIGTERM');
  await database.$disconnect();
  await postgres.stop();
  return {};
}

coordinator.stdout?.setEncoding('utf8').on('data', (text: string) => {
  if (text.includes('"listening"')) answer({ ready: true });
});
createInterface({ input: process.stdin }).on('line', (line) => {
  const order: Order = JSON.parse(line);
  obey(order).then(
    (told) => {
      answer(told);
      if (order.order === 'end') process.exit(0);
    },
    (error) => answer({ failed: String(error) }),
  );
});
process.stdin.on('end', () => process.exit(0));
