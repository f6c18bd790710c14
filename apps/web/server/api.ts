/** The API as this process runs it: one for all requests, made at the first. */

import { createApi } from '@skein/api/app.ts';
import type { ApiDependencies } from '@skein/api/dependencies.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { openDatabase } from '@skein/database/client.ts';
import { openQueue } from '@skein/queue/queue.ts';
import { readConfig } from '../config.ts';

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);

function start() {
  const { databaseUrl, redisUrl, masterKey, publicUrl, aws, coordinatorUrl } = readConfig();
  const queue = openQueue({ databaseUrl, redisUrl });
  const dependencies: ApiDependencies = {
    database: openDatabase(databaseUrl),
    now: () => new Date(),
    random,
    sealer: createSealer(masterKey, random),
    platform: { publicUrl, aws },
    coordinatorUrl,
    publicUrl,
    masterKey,
    wake: (operation) => queue.wake(operation),
    log: ({ error, ...where }) => console.error(JSON.stringify(where), error),
  };
  return { api: createApi(dependencies), dependencies };
}

let started: ReturnType<typeof start> | undefined;

export function running() {
  started ??= start();
  return started;
}
