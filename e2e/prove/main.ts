/**
 * Runs in the sealed place beside a ready stand. Arguments: the stand's directory, the file to write the result to.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Operation } from '@skein/contract/rest/operation.ts';
import { startCapture } from '@skein/lab/ground/capture.ts';
import { askAdmission } from '@skein/local/admission.ts';
import { openApi } from '@skein/local/api.ts';
import { INSIDE } from '@skein/local/config.ts';
import {
  connectLabClouds,
  DEMO_NAME,
  DEMO_PORT,
  followOperation,
  makePractice,
} from '@skein/local/demo/practice.ts';
import { openLab } from '@skein/local/lab.ts';
import { readFirewalls, tryRefusals } from './firewalls.ts';
import { tryNodes, tryZones } from './names.ts';
import { addAndRemoveNode } from './nodes.ts';
import { joinAndLeave } from './one-liner.ts';
import { serveEcho, tryPairs } from './pairs.ts';
import { tryPaths } from './paths.ts';
import { readRemains } from './remains.ts';
import { openRecorder } from './report.ts';
import { readSite } from './site.ts';

const CLOSED_PORT = 8081;
const ECHO_SECONDS = 300;
const OPERATION_SECONDS = 180;
const REGIONS = ['us-east-1', 'us-west-2'];

const [, , directory = '', resultFile = ''] = process.argv;
const say = (line: string) => console.log(line);
const { token } = await askAdmission(directory);

const api = openApi(`http://127.0.0.1:${INSIDE.web}`, token);
const lab = openLab(join(directory, 'lab'));
const accounts = await lab.accounts();
const recorder = openRecorder(say);
const { report } = recorder;
const first = (wrong: readonly string[]) =>
  `${wrong.slice(0, 3).join('; ')}${wrong.length > 3 ? ` and ${wrong.length - 3} more` : ''}`;

const networkId = await recorder.phase('provision', async () => {
  const made = await makePractice(api, await connectLabClouds(api, accounts));
  const operation = await followOperation(api, made.operation.id, OPERATION_SECONDS, say);
  recorder.check(
    'provision',
    true,
    `${operation.steps.length} steps over ${made.plan.clusters.length} clusters succeeded`,
  );
  return made.network.id;
});

if (networkId) {
  const site = await readSite(api, lab, networkId);
  report.figures.clusters = site.clusters.length;
  report.figures.peers = site.seats.length;
  const payload = `skein-payload-${randomBytes(600).toString('hex')}`;

  await recorder.phase('packets', async () => {
    await serveEcho(lab, site.seats, DEMO_PORT, ECHO_SECONDS);
    const capture = await startCapture(join(directory, 'internet.pcap'));
    const pairs = await tryPairs(lab, site.seats, payload);
    const frames = await capture.stop();
    const wireguard = frames.filter((frame) => frame.kind === 'wireguard').length;
    const probes = frames.filter((frame) => frame.kind === 'probe');
    const inside = site.seats.map(({ peer }) => Buffer.from(peer.overlayAddress.split('.').map(Number)));
    const telling = probes.filter(({ bytes }) => inside.some((address) => bytes.includes(address))).length;
    const others = frames.filter((frame) => frame.kind === 'other').length;
    // Each TCP segment that carried payload in clear would hold one of these pieces whole.
    const pieces = [payload.slice(0, 40), payload.slice(600, 640), payload.slice(-40)];
    const readable = frames.filter((frame) => pieces.some((piece) => frame.bytes.includes(piece))).length;
    report.figures.expected = pairs.expected;
    report.figures.reached = pairs.reached;
    report.figures.plaintextPackets = others + readable;
    recorder.check(
      'every pair by ping and TCP',
      pairs.reached === pairs.expected && pairs.expected > 0,
      `${pairs.reached} of ${pairs.expected} ${first(pairs.failures)}`,
    );
    recorder.check(
      'only WireGuard between the clouds',
      wireguard > pairs.expected && others === 0 && readable === 0 && telling === 0,
      `${wireguard} WireGuard frames, ${probes.length} probes of ways (${telling} with an inner address), ${others} others, payload readable in ${readable}`,
    );
  });

  await recorder.phase('firewalls', async () => {
    const seen = await readFirewalls(accounts, site);
    report.figures.worldOpenRules = seen.worldOpen;
    recorder.check(
      'security groups hold only what is planned',
      seen.rules > 0 && seen.surplus.length === 0 && seen.missing.length === 0,
      `${seen.rules} rules ${first([...seen.surplus, ...seen.missing])}`,
    );
    recorder.check(
      'nothing is open to the world',
      seen.worldOpen === 0,
      `${seen.worldOpen} rules from anywhere`,
    );
    await serveEcho(lab, site.seats, CLOSED_PORT, ECHO_SECONDS);
    const refusals = await tryRefusals(lab, site.seats, DEMO_PORT, CLOSED_PORT);
    recorder.check(
      'ports not allowed are refused',
      refusals.tried > 0 && refusals.passed.length === 0,
      `${refusals.tried} tried, ${refusals.passed.length} passed ${first(refusals.passed)}`,
    );
  });

  await recorder.phase('paths', async () => {
    const seen = await tryPaths(api, site, { open: DEMO_PORT, closed: CLOSED_PORT });
    recorder.check(
      'path tests and the model say what packets say',
      seen.asked > 1 && seen.wrong.length === 0,
      `${seen.asked} ways ${first(seen.wrong)}`,
    );
  });

  await recorder.phase('names', async () => {
    const nodes = await tryNodes(lab, site);
    recorder.check(
      'names on the nodes',
      nodes.wrong.length === 0,
      `${nodes.asked} asked ${first(nodes.wrong)}`,
    );
    const zones = await tryZones(lab, site);
    recorder.check(
      'names in the hosted zones',
      zones.wrong.length === 0,
      `${zones.asked} asked ${first(zones.wrong)}`,
    );
  });

  await recorder.phase('nodes', async () => {
    const seen = await addAndRemoveNode(api, lab, site, say);
    recorder.check(
      'a node added is seen everywhere',
      seen.wrongAfterAdding.length === 0,
      `${seen.name} ${first(seen.wrongAfterAdding)}`,
    );
    recorder.check(
      'a node removed is gone everywhere',
      seen.wrongAfterRemoving.length === 0,
      `${seen.name} ${first(seen.wrongAfterRemoving)}`,
    );
  });

  await recorder.phase('one-liner', async () => {
    const seen = await joinAndLeave(api, lab, accounts, await readSite(api, lab, networkId));
    recorder.check(
      'a host joins by the one-liner',
      seen.wrongWhileIn.length === 0,
      first(seen.wrongWhileIn) || 'connected, reached by every peer',
    );
    recorder.check(
      'a host leaves without a trace',
      seen.wrongAfter.length === 0,
      first(seen.wrongAfter) || 'no interface, filter, process, key or name server of ours',
    );
  });

  await recorder.phase('teardown', async () => {
    const operation = await api.call('DELETE', `/networks/${networkId}?confirm=${DEMO_NAME}`, Operation);
    await followOperation(api, operation.id, OPERATION_SECONDS, say);
    const remains = await readRemains(accounts, networkId, REGIONS);
    const machines = (await lab.machines()).filter((machine) => machine.state === 'running');
    report.figures.leftovers = remains.length + machines.length;
    recorder.check(
      'nothing is left in the clouds',
      report.figures.leftovers === 0,
      `${remains.length} resources, ${machines.length} machines ${first(remains)}`,
    );
  });
}

const failed = report.checks.filter((check) => !check.ok);
say('');
for (const check of report.checks)
  say(`${check.ok ? 'ok  ' : 'FAIL'}  ${check.name.padEnd(44)} ${check.seen}`);
const {
  clusters = 0,
  peers = 0,
  expected = 0,
  reached = 0,
  plaintextPackets = -1,
  worldOpenRules = -1,
  leftovers = -1,
} = report.figures;
/** A phase that ended early must not pass for want of checks. */
const CHECKS = 14;
const result = {
  ok: failed.length === 0 && report.checks.length === CHECKS,
  clusters,
  peers,
  pairs: { expected, reached },
  plaintextPackets,
  worldOpenRules,
  leftovers,
  seconds: report.seconds,
};
writeFileSync(resultFile, JSON.stringify(result));
process.exit(result.ok ? 0 : 1);
