/**
 * The lab as a library: the clouds' front ends on HTTP ports over one realiser. `main.ts` runs it as a process;
 * tests of other rooms start it on a paper ground.
 */
import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { projectAws } from './aws/ground.ts';
import { awsApp } from './aws/server.ts';
import { openAwsState } from './aws/state.ts';
import { controlApp } from './control/app.ts';
import { converge } from './control/converge.ts';
import { projectGcp } from './gcp/ground.ts';
import { gcpApp } from './gcp/server.ts';
import { openGcpState } from './gcp/state.ts';
import type { Ground, Realiser } from './ground/ground.ts';
import { openAccounts, serviceAccountFile } from './store/accounts.ts';
import type { Lab } from './store/lab.ts';
import { openRequestLog } from './store/requests.ts';
import { openStore } from './store/store.ts';

export interface RunningLab {
  /** `http://host:port`, without a slash at the end. */
  awsUrl: string;
  gcpUrl: string;
  /** Credentials of the first account of each cloud, in the form the cloud hands them out. */
  accounts: {
    aws: { accessKeyId: string; secretAccessKey: string };
    gcp: Record<string, string>;
  };
  /** Resolves when somebody asks for the end through the control API. */
  shutdown: Promise<void>;
  /** Stops serving. The realiser is the caller's to close; machines go on until then. */
  close(): Promise<void>;
}

/**
 * Starts the lab on what `directory` holds, which it makes when it is missing. Ports of 0 are chosen freely. The
 * control API is served at `<directory>/control.sock`.
 */
export async function startLab(options: {
  directory: string;
  realiser: Realiser;
  ports?: { aws: number; gcp: number };
  host?: string;
}): Promise<RunningLab> {
  const { directory, realiser, ports = { aws: 0, gcp: 0 }, host = '127.0.0.1' } = options;
  const store = openStore(join(directory, 'state'));
  const accounts = openAccounts(store);
  const now = () => new Date();
  const lab: Lab = {
    store,
    requests: openRequestLog(directory, now),
    accounts,
    now,
    machine: (id) => realiser.status(id),
    urls: { aws: '', gcp: '' },
  };
  const aws = openAwsState(store);
  const gcp = openGcpState(store);
  const project = (): Ground => merge(projectAws(aws.ec2.read(), aws.route53.read()), projectGcp(gcp.read()));
  const converger = converge(project, realiser, (error) =>
    console.error('lab: the ground could not be realised:', error),
  );

  const servers: Server[] = [];
  const finish = Promise.withResolvers<void>();
  const close = async () => {
    stopListening();
    await Promise.all(servers.map(stop));
    await converger.close();
  };
  const stopListening = store.onChange(() => converger.changed());
  try {
    lab.urls.aws = await serve(awsApp(lab), servers, { host, port: ports.aws });
    const control = controlApp({ lab, realiser, project, converger, shutdown: finish.resolve });
    await serve(control, servers, { path: join(directory, 'control.sock') });
    // The last door: who finds this one open finds all.
    lab.urls.gcp = await serve(gcpApp(lab), servers, { host, port: ports.gcp });
  } catch (error) {
    await close();
    throw error;
  }
  // Machines of an earlier life of this process stand again before anybody asks.
  converger.changed();

  const [firstAws, firstGcp] = [accounts.aws[0], accounts.gcp[0]];
  if (!firstAws || !firstGcp) throw new Error('the lab has no account');
  return {
    awsUrl: lab.urls.aws,
    gcpUrl: lab.urls.gcp,
    accounts: {
      aws: { accessKeyId: firstAws.accessKeyId, secretAccessKey: firstAws.secretAccessKey },
      gcp: serviceAccountFile(firstGcp, lab.urls.gcp),
    },
    shutdown: finish.promise,
    close,
  };
}

const merge = (a: Ground, b: Ground): Ground => ({
  realms: [...a.realms, ...b.realms],
  machines: [...a.machines, ...b.machines],
  zones: [...a.zones, ...b.zones],
});

type Where = { host: string; port: number } | { path: string };

/** Serves until stopped; answers the URL. Fails when the place is taken. */
async function serve(app: Hono, servers: Server[], where: Where): Promise<string> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // A killed process leaves its socket behind. Nobody else serves there: the state has one process at a time.
  if ('path' in where) await rm(where.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  servers.push(server);
  if ('path' in where) await chmod(where.path, 0o600);
  const address = server.address() as AddressInfo | string;
  return typeof address === 'string' ? address : `http://${address.address}:${address.port}`;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
