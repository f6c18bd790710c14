/** The real `gcloud` as judge, where it is installed: it makes a network of machines, and shows it without a token. */
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startGcp } from './fixture.ts';

const run = promisify(execFile);
const installed = (process.env.PATH ?? '').split(delimiter).some((directory) => {
  try {
    accessSync(join(directory, 'gcloud'), constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

describe.runIf(installed)('gcloud', () => {
  let gcp: Fixture;
  let directory: string;
  beforeAll(async () => {
    gcp = await startGcp();
    directory = mkdtempSync(join(tmpdir(), 'skein-gcloud-'));
    writeFileSync(join(directory, 'token'), await gcp.token(), { mode: 0o600 });
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await gcp.stop();
  });

  async function gcloud(as: 'owner' | 'nobody', ...args: string[]): Promise<string> {
    const { stdout } = await run('gcloud', args, {
      timeout: 60_000,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: directory,
        CLOUDSDK_CONFIG: join(directory, 'config'),
        CLOUDSDK_CORE_PROJECT: gcp.projectId,
        CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
        CLOUDSDK_SURVEY_DISABLE_PROMPTS: 'true',
        CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: 'true',
        CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `${gcp.url}/compute/v1/`,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_DNS: `${gcp.url}/`,
        ...(as === 'owner'
          ? { CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: join(directory, 'token') }
          : { CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true' }),
      },
    });
    return stdout.replace(/ +/g, ' ');
  }

  test('makes a network with two machines in one batch, and a record', { timeout: 120_000 }, async () => {
    await gcloud('owner', 'compute', 'networks', 'create', 'net', '--subnet-mode=custom');
    await gcloud(
      'owner',
      'compute',
      'networks',
      'subnets',
      'create',
      'sub',
      '--network=net',
      '--range=10.1.0.0/20',
      '--region=us-central1',
    );
    await gcloud(
      'owner',
      'compute',
      'firewall-rules',
      'create',
      'wg',
      '--network=net',
      '--allow=udp:51820',
      '--source-ranges=198.18.64.1/32',
    );
    const made = await gcloud(
      'owner',
      'compute',
      'instances',
      'create',
      'one',
      'two',
      '--zone=us-central1-a',
      '--subnet=sub',
      '--machine-type=e2-small',
      '--image-family=debian-12',
      '--image-project=debian-cloud',
      '--can-ip-forward',
      '--tags=gateway',
      '--metadata=startup-script=true',
    );
    expect(made).toMatch(/^one us-central1-a e2-small 10\.1\.0\.2 198\.18\.\d+\.\d+ RUNNING$/m);
    await gcloud(
      'owner',
      'dns',
      'managed-zones',
      'create',
      'zone',
      '--dns-name=shop.skein.test.',
      '--description=d',
    );
    await gcloud(
      'owner',
      'dns',
      'record-sets',
      'create',
      'a.shop.skein.test.',
      '--zone=zone',
      '--type=A',
      '--ttl=60',
      '--rrdatas=10.1.0.2',
    );
  });

  test('prints what was made, without a token', { timeout: 60_000 }, async () => {
    expect(await gcloud('nobody', 'compute', 'instances', 'list')).toMatch(
      /^two us-central1-a e2-small 10\.1\.0\.3 198\.18\.\d+\.\d+ RUNNING$/m,
    );
    expect(await gcloud('nobody', 'compute', 'firewall-rules', 'list')).toMatch(
      /^wg net INGRESS 1000 udp:51820 False$/m,
    );
    expect(await gcloud('nobody', 'dns', 'record-sets', 'list', '--zone=zone')).toMatch(
      /^a\.shop\.skein\.test\. A 60 10\.1\.0\.2$/m,
    );
    await expect(gcloud('nobody', 'compute', 'networks', 'delete', 'net')).rejects.toThrow(
      'missing required authentication credential',
    );
  });
});
