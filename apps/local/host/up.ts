/** `./skein up` */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { SERVICES } from '@skein/lab/ground/ground.ts';
import { askAdmission } from '../admission.ts';
import { openApi } from '../api.ts';
import {
  childEnvironment,
  DATABASE_URL,
  DOORS,
  FIRST_PORT,
  INSIDE,
  NODE,
  REDIS_URL,
  ROOT,
} from '../config.ts';
import { connectLabClouds, DEMO_NAME, followOperation, makePractice } from '../demo/practice.ts';
import { type Stand, Standing } from '../inside/stand.ts';
import { openLab } from '../lab.ts';
import { HAS_LAB, prepare, UP } from './prepare.ts';
import { findDaemon, rememberDaemon } from './running.ts';

const say = (line: string) => console.log(line);
const START_SECONDS = 90;
const PROVISION_SECONDS = 180;

export async function up(options: string[]): Promise<number> {
  const empty = options.includes('--empty');
  const publicUrl = `http://127.0.0.1:${FIRST_PORT}`;
  if (findDaemon() === null) {
    await prepare(['lab'], say);
    if (HAS_LAB && (DATABASE_URL || REDIS_URL))
      say('DATABASE_URL and REDIS_URL are not used: with the lab, Skein runs sealed and brings its own.');
    // Sealed, the ports are always the same and the doors lead to them; outside, the processes have the ports themselves.
    const ports = HAS_LAB
      ? INSIDE
      : { web: FIRST_PORT, coordinator: FIRST_PORT + 1, postgres: FIRST_PORT + 4 };
    start({
      directory: UP,
      lab: HAS_LAB,
      ports,
      databaseUrl: HAS_LAB ? null : DATABASE_URL,
      redisUrl: HAS_LAB ? null : REDIS_URL,
      kubernetes: null,
      publicUrl,
      coordinatorUrl: `http://${HAS_LAB ? SERVICES.controlPlane : '127.0.0.1'}:${ports.coordinator}`,
      errand: null,
    });
  }
  await untilReady();
  const standing = await askAdmission(UP);
  if (HAS_LAB && !empty) await demo(publicUrl, standing.token);

  say('');
  say(`Dashboard   ${publicUrl}`);
  if (standing.setupLink)
    say(`First run   ${publicUrl}/setup?link=${standing.setupLink}   (works once, for 24 hours)`);
  if (HAS_LAB) {
    say(
      `AWS lab     http://127.0.0.1:${FIRST_PORT + DOORS.indexOf('aws')}    aws --endpoint-url … ec2 describe-instances --region us-east-1`,
    );
    say(
      `Google lab  http://127.0.0.1:${FIRST_PORT + DOORS.indexOf('gcp')}    credentials and more: docs/lab.md`,
    );
    say(
      `Azure lab   https://127.0.0.1:${FIRST_PORT + DOORS.indexOf('azure')}   its authority: ${join(UP, 'lab/ca.pem')}`,
    );
  } else {
    say(
      'The lab needs Linux: here the control plane runs alone. Connect your own cloud accounts in the dashboard.',
    );
  }
  say('Stop        ./skein down');
  return 0;
}

function start(stand: Stand): void {
  say('Starting …');
  mkdirSync(join(UP, 'log'), { recursive: true });
  writeFileSync(join(UP, 'stand-wanted.json'), JSON.stringify(stand), { mode: 0o600 });
  // What an earlier daemon said before it was killed says nothing of this one.
  rmSync(join(UP, 'stand.json'), { force: true });
  // Written anew: its words are shown when the start fails.
  const log = openSync(join(UP, 'log/daemon.log'), 'w');
  const daemon = spawn(
    NODE,
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'apps/local/host/daemon.ts')],
    {
      detached: true,
      stdio: ['ignore', log, log],
      env: childEnvironment({ SKEIN_PORT: String(FIRST_PORT) }),
    },
  );
  daemon.unref();
  rememberDaemon(daemon.pid as number);
}

/** @throws Error with the inside's own words when it could not stand up */
async function untilReady(): Promise<void> {
  const until = Date.now() + START_SECONDS * 1000;
  for (;;) {
    let standing: Standing | null = null;
    try {
      standing = Standing.parse(JSON.parse(readFileSync(join(UP, 'stand.json'), 'utf8')));
    } catch {
      // Not written yet.
    }
    if (standing?.ready) return;
    const log = join(UP, 'log/daemon.log');
    if (standing) throw new Error(`Skein did not start: ${standing.problem}`);
    if (findDaemon() === null)
      throw new Error(`Skein could not start. ${readFileSync(log, 'utf8').trim().slice(-2000)}`);
    if (Date.now() > until)
      throw new Error(`Skein was not ready within ${START_SECONDS} s; see ${join(UP, 'log')}`);
    await delay(100);
  }
}

/** Makes the demo network unless there is one, and waits until it is green. */
async function demo(publicUrl: string, token: string): Promise<void> {
  const api = openApi(publicUrl, token);
  const { items } = await api.call('GET', '/networks?limit=200', pageOf(Network));
  const existing = items.find((network) => network.name === DEMO_NAME);
  if (!existing) {
    const accounts = await connectLabClouds(api, await openLab(join(UP, 'lab')).accounts());
    say(
      'Building the demo network: production and recovery in AWS, development in Google Cloud, analytics in Azure',
    );
    const { operation } = await makePractice(api, accounts);
    await followOperation(api, operation.id, PROVISION_SECONDS, say);
  }
  const network = (await api.call('GET', '/networks?limit=200', pageOf(Network))).items.find(
    (one) => one.name === DEMO_NAME,
  );
  if (network)
    say(
      `Demo network “${network.name}”: ${network.state}, ${network.peers.connected} of ${network.peers.expected} peers connected`,
    );
}
