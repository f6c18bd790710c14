/** Kills lab processes at several moments and starts them again for restart.lab.test.ts, inside a sealed place. */
import { spawn } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Realiser } from './ground.ts';
import { runInside } from './machine.ts';
import { ground, PUBLIC } from './packets.fixture.ts';
import { kernelRealiser } from './realise.ts';

const THIS = fileURLToPath(import.meta.url);
const KILL_AFTER_MILLISECONDS = [20, 60, 120, 200, 320];

export interface Restarted {
  log: string[];
  flowsWithoutLab: boolean;
  adopted: { samePids: boolean; states: string[]; ran: string; name: string; unchangedMilliseconds: number };
  changed: { pings: boolean; gone: boolean };
  reboot: { samePid: boolean; ran: string; exit: number | null };
  switchedOn: { ran: string; disksAfterDeletion: string[] };
  sweep: {
    afterMilliseconds: number;
    killedDuring: boolean;
    reaches: boolean[];
    namespaces: string[];
    left: string[];
  }[];
}

export default async function restart({ directory }: { directory: string }): Promise<Restarted> {
  const log: string[] = [];
  const start = (where: string) =>
    kernelRealiser({ directory: where, log: (line) => process.stderr.write(`${log.push(line)} ${line}\n`) });
  await killedLab(`${directory}/a`, null);
  const before = await processesIn(`${directory}/a`);
  const flowsWithoutLab =
    (await runInside(before.p1 as number, ['ping', '-c', '1', '-W', '1', '10.64.0.12'])).exit === 0;

  const realiser = await start(`${directory}/a`);
  const started = performance.now();
  await realiser.realise(ground);
  const unchangedMilliseconds = performance.now() - started;
  const ran = async () => (await realiser.run('p1', ['cat', '/root/ran'])).stdout;
  const adopted = {
    samePids: JSON.stringify(await processesIn(`${directory}/a`)) === JSON.stringify(before),
    states: ground.machines.map(({ id }) => realiser.status(id)?.state ?? 'unknown'),
    ran: await ran(),
    name: (
      await realiser.run('p1', ['dig', '+short', '+time=1', '+tries=1', 'p1.net.example'])
    ).stdout.trim(),
    unchangedMilliseconds,
  };

  const template = ground.machines.find(({ id }) => id === 'p2') as (typeof ground.machines)[number];
  const added = {
    ...template,
    id: 'p4',
    hostname: 'p4',
    privateAddress: '10.64.0.14',
    macAddress: '02:00:0a:40:00:0e',
  };
  await realiser.realise({
    ...ground,
    machines: [...ground.machines.filter(({ id }) => id !== 'p2'), added],
  });
  const changed = {
    pings: (await realiser.run('p1', ['ping', '-c', '1', '-W', '1', '10.64.0.14'])).exit === 0,
    gone:
      (await realiser.run('p1', ['ping', '-c', '1', '-W', '1', '10.64.0.12'])).exit !== 0 &&
      realiser.status('p2') === undefined,
  };

  const hook = '/var/lib/cloud/scripts/per-boot/again';
  await realiser.run('p1', [
    'sh',
    '-c',
    `printf '#!/bin/sh\\necho again >> /root/ran\\n' > ${hook}; chmod 755 ${hook}`,
  ]);
  const pid = (await processesIn(`${directory}/a`)).p1 as number;
  process.kill(pid, 'SIGKILL');
  for (let tries = 0; tries < 100 && (await readdir('/proc')).includes(String(pid)); tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await realiser.realise({ ...ground, machines: ground.machines.filter(({ id }) => id === 'p1') });
  const reboot = {
    samePid: (await processesIn(`${directory}/a`)).p1 === pid,
    ran: await eventually(ran, (text) => text.includes('again')),
    exit: realiser.status('p1')?.userDataExit ?? null,
  };
  await realiser.close();

  const next = await start(`${directory}/a`);
  await next.realise({ ...ground, machines: ground.machines.filter(({ id }) => id === 'p1') });
  const twice = (text: string) => text.split('again').length === 3;
  const switchedOn = {
    ran: await eventually(async () => (await next.run('p1', ['cat', '/root/ran'])).stdout, twice),
    disksAfterDeletion: await next
      .realise({ ...ground, machines: [] })
      .then(() => readdir(`${directory}/a/machines`)),
  };
  await next.close();

  const sweep: Restarted['sweep'] = [];
  for (const afterMilliseconds of KILL_AFTER_MILLISECONDS) {
    const where = `${directory}/kill-${afterMilliseconds}`;
    const killedDuring = await killedLab(where, afterMilliseconds);
    const next = await start(where);
    await next.realise(ground);
    const reaches = await Promise.all([
      ping(next, 'p1', '10.64.0.12'),
      ping(next, 'p3', '10.64.0.12'),
      ping(next, 'd1', PUBLIC.p1),
      ping(next, 'p1', PUBLIC.d1),
    ]);
    await next.realise({
      ...ground,
      realms: ground.realms.filter(({ id }) => id !== 'twin'),
      machines: ground.machines.filter(({ realmId }) => realmId !== 'twin'),
    });
    const namespaces = (await readdir('/run/netns')).sort();
    await next.close();
    sweep.push({
      afterMilliseconds,
      killedDuring,
      reaches,
      namespaces,
      left: await readdir('/run/netns'),
    });
    await rm(where, { recursive: true });
  }
  return { log, flowsWithoutLab, adopted, changed, reboot, switchedOn, sweep };
}

async function ping(realiser: Realiser, from: string, address: string): Promise<boolean> {
  return (await realiser.run(from, ['ping', '-c', '1', '-W', '1', address])).exit === 0;
}

async function eventually(look: () => Promise<string>, good: (text: string) => boolean): Promise<string> {
  for (let tries = 0; tries < 50; tries++) {
    const text = await look();
    if (good(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  return look();
}

async function processesIn(directory: string): Promise<Record<string, number>> {
  return (
    JSON.parse(await readFile(`${directory}/ground.json`, 'utf8')) as { processes: Record<string, number> }
  ).processes;
}

/** A lab process killed so long after it began to realise, or, with null, after it stood. Answers whether it was at work. */
function killedLab(directory: string, afterMilliseconds: number | null): Promise<boolean> {
  const child = spawn(process.execPath, [THIS, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.once('close', () => resolve(said.includes('begin') && !said.includes('stands')));
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      said += data;
      if (afterMilliseconds === null ? said.includes('stands') : data.includes('begin'))
        setTimeout(() => child.kill('SIGKILL'), afterMilliseconds ?? 0);
    });
  });
}

if (import.meta.main) {
  const realiser = await kernelRealiser({
    directory: process.argv[2] as string,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write('begin\n');
  await realiser.realise(ground);
  process.stdout.write('stands\n');
  setInterval(() => {}, 1000);
}
