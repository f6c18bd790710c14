/** State survives the process: a second front end on the same store goes on where the first ended. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openBoots } from '../fault/boots.ts';
import { openFaults } from '../fault/faults.ts';
import type { MachineStatus } from '../ground/ground.ts';
import { openAccounts, serviceAccountFile } from '../store/accounts.ts';
import { openRequestLog } from '../store/requests.ts';
import { openStore } from '../store/store.ts';
import { assertionOf } from './fixture-token.ts';
import { projectGcp } from './ground.ts';
import { gcpApp } from './server.ts';
import { openGcpState } from './state.ts';

test('networks, running operations and tokens outlive the process; time ends what was under way', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'skein-gcp-'));
  let milliseconds = Date.now();
  let status: MachineStatus['state'] | undefined;
  const open = () => {
    const store = openStore(directory);
    const now = () => new Date(milliseconds);
    const machine = (id: string): MachineStatus | undefined =>
      status && { id, state: status, console: '', userDataExit: null };
    const lab = {
      store,
      requests: openRequestLog(directory, now),
      accounts: openAccounts(store),
      now,
      machine,
      faults: openFaults({ store, now, machine, boots: openBoots(store, now, () => {}) }),
      urls: { aws: '', gcp: 'http://lab', azure: '' },
    };
    return { app: gcpApp(lab), lab };
  };
  const first = open();
  const key = serviceAccountFile(first.lab.accounts.gcp[0] as never, 'http://lab');
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: assertionOf(key),
  });
  const granted = (await (await first.app.request('/token', { method: 'POST', body: form })).json()) as {
    access_token: string;
  };
  const ask = async ({ app }: ReturnType<typeof open>, method: string, path: string, body?: object) => {
    const response = await app.request(`/compute/v1/projects/skein-lab${path}`, {
      method,
      headers: { authorization: `Bearer ${granted.access_token}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as { status: string; name: string; error?: unknown };
  };

  await ask(first, 'POST', '/global/networks', { name: 'net', autoCreateSubnetworks: false });
  milliseconds += 1000;
  await ask(first, 'POST', '/regions/us-central1/subnetworks', {
    name: 'sub',
    network: 'global/networks/net',
    ipCidrRange: '10.0.0.0/24',
  });
  milliseconds += 1000;
  const { name } = await ask(first, 'POST', '/zones/us-central1-a/instances', {
    name: 'vm',
    machineType: 'zones/us-central1-a/machineTypes/e2-small',
    disks: [
      {
        boot: true,
        initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' },
      },
    ],
    networkInterfaces: [{ subnetwork: 'regions/us-central1/subnetworks/sub' }],
  });
  milliseconds += 1000;
  const operation = `/zones/us-central1-a/operations/${name}`;
  expect((await ask(first, 'GET', operation)).status).toBe('RUNNING');
  expect((await ask(first, 'GET', '/zones/us-central1-a/instances/vm')).status).toBe('PROVISIONING');
  const ground = projectGcp(openGcpState(first.lab.store).read());
  expect(ground.machines).toHaveLength(1);

  const second = open();
  expect(projectGcp(openGcpState(second.lab.store).read())).toEqual(ground);
  status = 'pending';
  expect((await ask(second, 'GET', '/zones/us-central1-a/instances/vm')).status).toBe('STAGING');
  status = 'running';
  expect(await ask(second, 'GET', operation)).toMatchObject({ status: 'DONE' });
  expect((await ask(second, 'GET', '/zones/us-central1-a/instances/vm')).status).toBe('RUNNING');
  // A machine that ends by itself shows as an instance that ended.
  status = 'failed';
  expect((await ask(second, 'GET', '/zones/us-central1-a/instances/vm')).status).toBe('TERMINATED');
  expect(projectGcp(openGcpState(second.lab.store).read()).machines).toEqual([]);
  // A delete is done when the machine has ended, and not before.
  status = 'running';
  const { name: deletion } = await ask(second, 'DELETE', '/zones/us-central1-a/instances/vm');
  milliseconds += 1000;
  expect((await ask(second, 'GET', `/zones/us-central1-a/operations/${deletion}`)).status).toBe('RUNNING');
  expect((await ask(second, 'GET', '/zones/us-central1-a/instances/vm')).status).toBe('STOPPING');
  status = undefined;
  expect((await ask(second, 'GET', `/zones/us-central1-a/operations/${deletion}`)).status).toBe('DONE');
  expect(await ask(second, 'GET', '/zones/us-central1-a/instances/vm')).toMatchObject({
    error: { code: 404 },
  });
  rmSync(directory, { recursive: true });
});
