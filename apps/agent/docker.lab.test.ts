/**
 * Docker networks with a real dockerd and real packets: two clusters of a gateway and a member each, Docker on the member
 * of one, a pod behind that of the other. Containers run an image of nothing, with the host's programs mounted.
 */
import { readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MeshRange } from '@skein/mesh/network.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asks as askedBy, listen, pings, setPolicy as policyOf, settled, whoFile } from './fixture/asking.ts';
import { must, NODE, type Place, until } from './fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from './fixture/installed.ts';
import { openPod, podAddress } from './fixture/pod.ts';

const HOST = 'b2';
/** Docker's cgroups, which are the machine's own. */
const CGROUP = `skein-docker-${process.pid}`;
const CGROUPS = '/sys/fs/cgroup';
const PODS = '10.128.0.0/24';
const POD = podAddress(PODS);
const MADE = '242.0.0.0/24';
const LEGACY = '172.30.0.0/24';

let network: InstalledNetwork;
let pod: Place;
const placeOf = (name: string): Place => (name === 'pod' ? pod : network.node(name).place);

const rangeOf = (name: string, cidr: string, overlayCidr: string): MeshRange => ({
  id: `rng_${name}`,
  name,
  peerId: `peer_${HOST}`,
  cidr,
  overlayCidr,
  replies: 'routed',
  docker: name,
  hosts: [],
});
const setRanges = (ranges: MeshRange[]) => network.order({ order: 'ranges', clusterId: 'clu_b', ranges });

const setPolicy = (policy: Parameters<typeof policyOf>[1]) => policyOf(network, policy);

const docker = (line: string) => network.sh(HOST, `docker ${line}`);
/** A container that answers who asks, for as long as its stdin is open. */
const start = (name: string, on: string) =>
  docker(
    `run -d -i --name ${name} --network ${on} -v /lib:/lib:ro -v /lib64:/lib64:ro -v /usr:/usr:ro -v ${dirname(NODE)}:/node:ro -v ${whoFile}:/who.ts:ro nothing /node/node /who.ts listen 8080`,
  );
const addressOf = async (name: string) =>
  (await docker(`inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' ${name}`)).trim();

const asks = (from: string, protocol: 'tcp' | 'udp', address: string) =>
  askedBy(placeOf(from), protocol, address);
const containerAsks = async (name: string, protocol: 'tcp' | 'udp', address: string) =>
  (await docker(`exec ${name} /node/node /who.ts ask ${protocol} ${address} 8080`)).trim();

async function reaches(from: string, address: string): Promise<string> {
  const asker = await until(
    `${from} to reach ${address}`,
    20,
    async () => (await asks(from, 'tcp', address)) || undefined,
  );
  expect(await asks(from, 'udp', address)).toBe(asker);
  expect(await pings(placeOf(from), address)).toBe(true);
  return asker;
}
const named = async (from: string, name: string) =>
  (await network.sh(from, `dig +time=3 +tries=2 +short ${name}.${HOST}.b.shop.skein.test`)).trim();

async function startDocker(place: Place): Promise<void> {
  const options = `--exec-opt native.cgroupdriver=cgroupfs --oom-score-adjust 0 --cgroup-parent /${CGROUP}`;
  place.start(['sh', '-c', `exec dockerd ${options} > /run/dockerd.log 2>&1`], () => undefined);
  await until('Docker', 60, async () => (await place.sh('docker version')).code === 0);
}

beforeAll(async () => {
  network = await openInstalled({ clusters: 2, nodes: 2, gateways: 1 }, async (field) => {
    const place = field.nodes.find(({ name }) => name === HOST)?.place as Place;
    await startDocker(place);
    await must(place, 'tar c --files-from /dev/null | docker import - nothing');
    await must(place, `docker network create --subnet ${LEGACY} legacy`);
  });
  pod = await openPod(network.field, network.node('a2'), PODS);
  for (const one of [pod, ...network.field.nodes.map((found) => found.place)])
    await listen(one, whoFile, 8080);
  network.order({
    order: 'pods',
    clusterId: 'clu_a',
    podCidr: '10.128.0.0/18',
    nodes: { peer_a2: [PODS] },
  });
  await settled(network);
  await setPolicy({ default: 'allow' });
}, 300_000);
afterAll(async () => {
  await network?.node(HOST).place.sh('docker ps -aq | xargs -r docker rm -f');
  await network?.close();
  for (const controller of readdirSync(CGROUPS))
    try {
      rmdirSync(join(CGROUPS, controller, CGROUP));
    } catch {
      // Not every controller has it.
    }
}, 60_000);

describe('Docker networks', { timeout: 240_000 }, () => {
  test('one that the agent makes: pods and peers reach its containers, and are seen; names follow at once', async () => {
    setRanges([rangeOf('made', MADE, MADE)]);
    await settled(network);
    expect(await docker('network inspect made')).toContain(`"Subnet": "${MADE}"`);
    await start('shop_Web.1', 'made');
    const started = Date.now();
    const address = await addressOf('shop_Web.1');
    expect(address).toMatch(/^242\.0\.0\./);
    await until('its name', 20, async () => (await named('a2', 'shop-web-1')) === address);
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await named('b1', 'shop-web-1')).toBe(address);
    expect(await named(HOST, 'shop-web-1')).toBe(address);
    expect(await reaches('pod', address)).toBe(POD);
    expect(await reaches('a2', address)).toBe(overlayOf(network.node('a2')));
    expect(await reaches('b1', address)).toBe(overlayOf(network.node('b1')));
    expect(await reaches(HOST, address)).not.toBe('');
  });

  test('its containers ask too, as themselves; what leaves for elsewhere is Docker’s matter as before', async () => {
    const address = await addressOf('shop_Web.1');
    for (const protocol of ['tcp', 'udp'] as const) {
      expect(await containerAsks('shop_Web.1', protocol, POD)).toBe(address);
      expect(await containerAsks('shop_Web.1', protocol, overlayOf(network.node('a2')))).toBe(address);
      expect(await containerAsks('shop_Web.1', protocol, overlayOf(network.node('b1')))).toBe(address);
      // Its own host, and beside the overlay.
      expect(await containerAsks('shop_Web.1', protocol, overlayOf(network.node(HOST)))).toBe(address);
      expect(await containerAsks('shop_Web.1', protocol, network.node('b1').address)).toBe(
        network.node(HOST).address,
      );
    }
  });

  test('one that is there already, whose subnet others may have too, is translated', async () => {
    setRanges([rangeOf('made', MADE, MADE), rangeOf('legacy', LEGACY, '242.0.9.0/24')]);
    await settled(network);
    await start('db', 'legacy');
    const outside = (await addressOf('db')).replace('172.30.0.', '242.0.9.');
    await until('its name', 20, async () => (await named('a2', 'db')) === outside);
    expect(await reaches('pod', outside)).toBe(POD);
    expect(await reaches('b1', outside)).toBe(overlayOf(network.node('b1')));
    expect(await containerAsks('db', 'tcp', POD)).toBe(outside);
    // Docker keeps its networks apart, as it did.
    expect(await containerAsks('db', 'tcp', await addressOf('shop_Web.1'))).toBe('');
  });

  test('policies speak of it', async () => {
    const address = await addressOf('shop_Web.1');
    await setPolicy({
      rules: [{ action: 'allow', from: ['pods:a'], to: ['range:made.b'], protocol: 'tcp', ports: [8080] }],
    });
    await until('the pod to ask', 10, async () => (await asks('pod', 'tcp', address)) === POD);
    expect(await asks('pod', 'udp', address)).toBe('');
    expect(await asks('a2', 'tcp', address)).toBe('');
    expect(await containerAsks('shop_Web.1', 'tcp', POD)).toBe('');
    await setPolicy({ default: 'allow' });
  });

  test('a container that ends loses its name; Docker may be started again', async () => {
    await docker('rm -f db');
    await until('its name to go', 20, async () => (await named('a2', 'db')) === '');
    const docked = (await network.sh(HOST, 'cat /var/run/docker.pid')).trim();
    await network.sh(HOST, `kill ${docked}`);
    await until('Docker to end', 30, async () => (await placeOf(HOST).sh(`kill -0 ${docked}`)).code !== 0);
    await startDocker(placeOf(HOST));
    await docker('start shop_Web.1');
    const address = await addressOf('shop_Web.1');
    await until('its name to be back', 30, async () => (await named('a2', 'shop-web-1')) === address);
    expect(await reaches('pod', address)).toBe(POD);
    expect(await network.sh(HOST, 'iptables -S DOCKER-USER')).toContain('skein');
  });

  test('when the ranges go, so does what was made for them, and nothing else', async () => {
    await docker('rm -f shop_Web.1');
    setRanges([]);
    await settled(network);
    expect(await docker('network ls --format "{{.Name}}"')).toBe('bridge\nhost\nlegacy\nnone\n');
    expect(await network.sh(HOST, 'iptables -S DOCKER-USER')).not.toContain('skein');
    expect(await network.sh(HOST, 'nft list table inet skein')).not.toContain('242.');
  });
});
