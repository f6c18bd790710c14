/** docker-compose.yml names what the product needs; where a compose client exists, it must accept the file. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(ROOT, 'docker-compose.yml');
const compose = parse(readFileSync(FILE, 'utf8'), { merge: true }) as {
  services: Record<string, { command?: string[]; environment?: Record<string, string>; ports?: string[] }>;
};

describe('docker-compose.yml', () => {
  it('holds the database, the queue and our three processes', () => {
    expect(Object.keys(compose.services).sort()).toEqual([
      'coordinator',
      'migrate',
      'postgres',
      'redis',
      'web',
      'worker',
    ]);
  });

  it('starts files that are there, and publishes on 127.0.0.1 only', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      const script = service.command?.[0] === 'node' ? service.command[1] : undefined;
      // The dashboard's server comes out of the build.
      if (script && name !== 'web') expect(existsSync(join(ROOT, script)), script).toBe(true);
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('hands every process the settings it needs', () => {
    for (const name of ['migrate', 'web', 'worker', 'coordinator']) {
      expect(Object.keys(compose.services[name]?.environment ?? {})).toEqual(
        expect.arrayContaining([
          'DATABASE_URL',
          'REDIS_URL',
          'SKEIN_MASTER_KEY_FILE',
          'SKEIN_PUBLIC_URL',
          'SKEIN_COORDINATOR_URL',
        ]),
      );
    }
  });

  const client = [['docker', 'compose'], ['docker-compose']].find(
    ([file, ...rest]) => spawnSync(file as string, [...rest, 'version'], { timeout: 10_000 }).status === 0,
  );
  if (client) {
    it(`is accepted by ${client.join(' ')}`, () => {
      const [file, ...rest] = client;
      const settings = {
        POSTGRES_PASSWORD: 'x',
        SKEIN_PUBLIC_URL: 'https://a.example',
        SKEIN_COORDINATOR_URL: 'https://b.example',
      };
      const result = spawnSync(file as string, [...rest, '-f', FILE, 'config', '-q'], {
        env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...settings },
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect(result.stderr).not.toMatch(/error|invalid/i);
      expect(result.status).toBe(0);
    });
  }
});
