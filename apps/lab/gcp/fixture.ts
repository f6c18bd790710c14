/** For tests: the Google Cloud front end on a loopback port, with machines that stand as soon as they are wanted. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { openBoots } from '../fault/boots.ts';
import { openFaults } from '../fault/faults.ts';
import type { MachineStatus } from '../ground/ground.ts';
import { openAccounts, serviceAccountFile } from '../store/accounts.ts';
import type { Lab } from '../store/lab.ts';
import { openRequestLog } from '../store/requests.ts';
import { openStore } from '../store/store.ts';
import { fetchToken } from './fixture-token.ts';
import { projectGcp } from './ground.ts';
import { gcpApp } from './server.ts';
import { type GcpState, openGcpState } from './state.ts';

export interface Fixture {
  lab: Lab;
  url: string;
  port: number;
  projectId: string;
  /** Key file of the first project's service account, and of the second's. */
  keys: Record<string, string>[];
  /** Says how a machine stands instead of `running`, by the instance's id. */
  machines: Map<string, MachineStatus | undefined>;
  state(): GcpState;
  /** A call with a token of the first project's account: status and JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; json: Record<string, unknown> }>;
  /** Such a call that is refused: status, and the reason and message of Google's error. */
  refusal(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; reason?: string; message?: string }>;
  /** Such a call that starts an operation, and the wait for its end. @throws Error when the call is refused. */
  done(method: string, path: string, body?: unknown): Promise<Ended>;
  /** Lets the lab's clock run ahead, so that what was started is due. */
  later(): void;
  token(key?: number): Promise<string>;
  stop(): Promise<void>;
}

/** An operation, as far as tests look at it. */
export interface Ended {
  status: string;
  error?: { errors: { code: string; message: string }[] };
  httpErrorStatusCode?: number;
}

/** Starts it in a directory of its own. */
export async function startGcp(): Promise<Fixture> {
  const directory = mkdtempSync(join(tmpdir(), 'skein-gcp-'));
  const store = openStore(directory);
  const section = openGcpState(store);
  let ahead = 0;
  const now = () => new Date(Date.now() + ahead);
  const later = () => {
    ahead += 200;
  };
  const machines = new Map<string, MachineStatus | undefined>();
  const machine: Lab['machine'] = (id) => {
    if (machines.has(id)) return machines.get(id);
    const stands = boots.without(projectGcp(section.read())).machines.some((each) => each.id === id);
    return stands ? { id, state: 'running', console: `booted ${id}\n`, userDataExit: 0 } : undefined;
  };
  const boots = openBoots(store, now, () => {});
  const lab: Lab = {
    store,
    requests: openRequestLog(directory, now),
    accounts: openAccounts(store),
    now,
    machine,
    faults: openFaults({ store, now, machine, boots }),
    urls: { aws: '', gcp: '', azure: '' },
  };
  const app = gcpApp(lab);
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  lab.urls.gcp = url;
  const keys = lab.accounts.gcp.map((account) => serviceAccountFile(account, url));
  const token = (key = 0) => fetchToken(keys[key] ?? {});
  const call: Fixture['call'] = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text ? JSON.parse(text) : {} };
  };
  return {
    lab,
    url,
    port,
    projectId: lab.accounts.gcp[0]?.projectId ?? '',
    keys,
    machines,
    state: () => section.read(),
    token,
    later,
    call,
    async refusal(method, path, body) {
      const { status, json } = await call(method, path, body);
      const { error } = json as { error?: { message: string; errors: { reason: string }[] } };
      return { status, ...(error ? { reason: error.errors[0]?.reason ?? '', message: error.message } : {}) };
    },
    async done(method, path, body) {
      const started = await call(method, path, body);
      if (started.status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(started.json)}`);
      later();
      const operation = new URL(String(started.json.selfLink)).pathname;
      return (await call('POST', `${operation}/wait`)).json as unknown as Ended;
    },
    async stop() {
      await new Promise((resolve) => server.close(resolve));
      boots.close();
      rmSync(directory, { recursive: true });
    },
  };
}
