/** LISTEN and NOTIFY: how processes tell each other that something in Postgres changed. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Transaction } from './client.ts';

export const CHANNEL = {
  /** `{"networkId","number"}`: a network has a new revision. */
  revision: 'skein_revision',
  /** `{"operationId"}`: an operation, a step or its log changed. */
  operation: 'skein_operation',
  /** `{"networkId"}`: a peer connected, disconnected or reported. */
  presence: 'skein_presence',
  /** `{"id","peerId"}`: a question waits for the agent of this peer. */
  pathQuestion: 'skein_path_question',
  /** `{"networkId","keys"}`: services `NAMESPACE/NAME` of the network changed; all may have where `keys` is null. */
  service: 'skein_service',
  /** `{"id","peerId"}`: something waits to be asked of the Kubernetes cluster of this peer. */
  kubernetesQuestion: 'skein_kubernetes_question',
} as const;
export type Channel = (typeof CHANNEL)[keyof typeof CHANNEL];

const PROBE_EVERY_MILLISECONDS = 30_000;
const LONGEST_PAUSE_MILLISECONDS = 5_000;

/** Tells listeners once the transaction commits; says nothing when it rolls back. At most 8,000 bytes. */
export async function notify(tx: Transaction, channel: Channel, payload: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_notify(${channel}, ${payload})`;
}

/**
 * Listens until closed, connecting again when the connection is lost. What was told meanwhile is lost with it:
 * `onGap` is called after each reconnection so that the listener reads the truth again.
 * Rejects only when the first connection fails.
 */
export async function listen(
  url: string,
  channel: Channel,
  onMessage: (payload: string) => void,
  onGap: () => void = () => {},
): Promise<{ close(): Promise<void> }> {
  const closing = new AbortController();
  let client = await connect(url, channel, onMessage);

  const follow = async () => {
    while (!closing.signal.aborted) {
      await lost(client, closing.signal);
      await client.end().catch(() => {});
      for (
        let pause = 100;
        !closing.signal.aborted;
        pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS)
      ) {
        try {
          client = await connect(url, channel, onMessage);
          if (!closing.signal.aborted) onGap();
          break;
        } catch {
          await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
        }
      }
    }
    await client.end().catch(() => {});
  };
  const followed = follow();
  return {
    close: async () => {
      closing.abort();
      await followed;
    },
  };
}

async function connect(url: string, channel: Channel, onMessage: (payload: string) => void) {
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
  });
  // Without a listener an error of an idle connection would end the process; `lost` notices the end.
  client.on('error', () => {});
  client.on('notification', (message) => onMessage(message.payload ?? ''));
  try {
    await client.connect();
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/** Resolves when the connection has ended, no longer answers a probe, or `signal` fires. */
function lost(client: pg.Client, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const probe = setInterval(() => client.query('SELECT 1').catch(done), PROBE_EVERY_MILLISECONDS);
    function done() {
      clearInterval(probe);
      client.off('end', done);
      signal.removeEventListener('abort', done);
      resolve();
    }
    client.on('end', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
