/** Puts the coordinator together and starts it; `main.ts` does so from the environment, tests and benches directly. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { openDatabase } from '@skein/database/client.ts';
import { CHANNEL, listen } from '@skein/database/notify.ts';
import { Inbox } from './channel/inbox.ts';
import { ChannelServer } from './channel/server.ts';
import type { Config } from './config.ts';
import { createHttpServer } from './http/server.ts';
import { say, wordsOf } from './log.ts';
import { Rooms } from './network/rooms.ts';
import { ServiceDesk } from './service/desk.ts';

export interface Coordinator {
  port: number;
  /** Agents connected now. */
  agents(): number;
  /** Compares revision numbers with the database's at once, instead of at the next turn of the clock. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** Starts serving; rejects where the database cannot be reached or the port is taken. `port` 0 takes a free one. */
export async function startCoordinator(config: Config): Promise<Coordinator> {
  const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
  const database = openDatabase(config.databaseUrl);
  const context = { database, random, now: () => new Date() };
  const sealer = createSealer(config.masterKey, random);
  const rooms = new Rooms(database, sealer);
  const inbox = new Inbox(context);
  const server = createHttpServer({ context, ...config });
  const services = new ServiceDesk(context);
  const channels = new ChannelServer(server, { context, sealer, rooms, inbox, services });
  const sweep = () => rooms.sweep();
  const listening = await listen(
    config.databaseUrl,
    CHANNEL.revision,
    (payload) => {
      rooms.notified(payload);
      services.revised(payload);
    },
    () => void sweep().catch((error) => say('sweep failed', { error: wordsOf(error) })),
  );
  const questions = await listen(
    config.databaseUrl,
    CHANNEL.pathQuestion,
    (payload) =>
      void channels
        .asked(payload)
        .catch((error) => say('path question not asked', { error: wordsOf(error) })),
  );
  const exported = await listen(
    config.databaseUrl,
    CHANNEL.service,
    (payload) => services.notified(payload),
    () => services.reloadAll(),
  );
  const clusterQuestions = await listen(
    config.databaseUrl,
    CHANNEL.kubernetesQuestion,
    (payload) =>
      void channels
        .askedOfKubernetes(payload)
        .catch((error) => say('question to a cluster not asked', { error: wordsOf(error) })),
  );
  server.listen(config.port, config.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  say('listening', { host: config.host, port, tls: config.tls !== null });
  return {
    port,
    agents: () => channels.size,
    sweep,
    close: async () => {
      rooms.close();
      server.close();
      await channels.close();
      server.closeAllConnections();
      await listening.close();
      await questions.close();
      await exported.close();
      await services.close();
      await clusterQuestions.close();
      await inbox.close();
      await database.$disconnect();
    },
  };
}
