/** Sends real packets between the fixture's machines for packets.lab.test.ts, inside a sealed place. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { startCapture } from './capture.ts';
import type { Ground, Machine, Realiser } from './ground.ts';
import { runOutside } from './outside.ts';
import { ground, type Probe, PUBLIC, probes } from './packets.fixture.ts';
import { framesWith } from './pcap.ts';
import { kernelRealiser } from './realise.ts';

const run = promisify(execFile);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export interface Seen {
  uid: string;
  log: string[];
  milliseconds: { first: number; unchanged: number; oneMore: number; close: number };
  matrix: Record<string, boolean>;
  matrixAgain: Record<string, boolean>;
  spoofed: { fromPlain: boolean; fromForwarder: boolean };
  flows: Record<'before' | 'taken' | 'given', { udp: boolean; tcp: boolean; internet: boolean }>;
  names: Record<string, string>;
  userData: { console: string; exit: number | null; ran: string; living: string; zombies: string };
  hidden: string;
  metadata: Record<string, string>;
  services: Record<string, string>;
  capture: { kinds: Record<string, number>; secretFrames: number; toServices: number };
  moved: { before: string; after: string };
  timedOut: number;
  left: { namespaces: string[]; links: string[]; processes: number; mounts: boolean };
}

export default async function packets({
  directory,
  repository,
}: {
  directory: string;
  repository: string;
}): Promise<Seen> {
  const log: string[] = [];
  const mountsBefore = await readFile('/proc/self/mountinfo', 'utf8');
  const processesBefore = await processCount();
  const realiser = await kernelRealiser({ directory, log: (line) => log.push(line) });
  const withoutOne = { ...ground, machines: ground.machines.filter(({ id }) => id !== 'd1') };
  const first = await timed(() => realiser.realise(withoutOne));
  const oneMore = await timed(() => realiser.realise(ground));
  await Promise.all(ground.machines.map(({ id }) => realiser.run(id, ['sh', '-c', LISTENERS])));
  await pause(300);
  const matrix = await probeAll(realiser);
  const unchanged = await timed(() => realiser.realise(ground));
  const matrixAgain = await probeAll(realiser);
  const sh = async (id: string, script: string) =>
    (await realiser.run(id, ['sh', '-c', script])).stdout.trim();
  const dig = (id: string, ...words: string[]) => sh(id, `dig +time=1 +tries=1 +short ${words.join(' ')}`);
  const seen = {
    spoofed: { fromPlain: await spoof(realiser, 'p1'), fromForwarder: await spoof(realiser, 'p3') },
    flows: await flows(realiser),
    names: {
      inProd: await dig('p1', 'p1.net.example'),
      inProdNoInternet: await dig('p2', '+tcp', 'p1.net.example'),
      inTwin: await dig('t1', 'p1.net.example'),
      inDev: await dig('d1', 'p1.net.example'),
      publicResolver: await dig('p1', '@192.0.2.53', 'p1.net.example'),
      missing: await sh('p1', 'dig +time=1 +tries=1 x.net.example | grep -o NXDOMAIN'),
      library: await sh('p1', 'getent hosts p1.net.example'),
    },
    userData: {
      console: realiser.status('p1')?.console ?? '',
      exit: realiser.status('p1')?.userDataExit ?? null,
      ran: await sh('p1', 'cat /root/ran'),
      living: await sh('p1', 'pgrep -fc "^sleep 1000"'),
      zombies: await sh('p1', 'ps -eo stat= | grep -c "^Z"'),
    },
    hidden: await sh(
      'p1',
      `ls -d ${repository} ${directory} /run/systemd/system 2> /dev/null; ls /root /home /opt; test -c /dev/net/tun && echo tun`,
    ),
    metadata: {
      aws: await sh(
        'p2',
        't=$(curl -sm 2 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token); curl -sm 2 -H "X-aws-ec2-metadata-token: $t" http://169.254.169.254/latest/meta-data/instance-id',
      ),
      awsTwin: await sh(
        't2',
        't=$(curl -sm 2 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token); curl -sm 2 -H "X-aws-ec2-metadata-token: $t" http://169.254.169.254/latest/meta-data/instance-id',
      ),
      gcp: await sh(
        'd1',
        'curl -sm 2 -H "Metadata-Flavor: Google" http://metadata.google.internal/computeMetadata/v1/instance/name',
      ),
    },
    services: await services(realiser),
    capture: await capture(realiser, directory),
    moved: await moved(realiser),
    timedOut: (await realiser.run('p1', ['sleep', '5'], { timeoutSeconds: 1 })).exit,
  };
  const close = await timed(() => realiser.close());
  return {
    uid: (await readFile('/proc/self/uid_map', 'utf8')).trim().split(/\s+/).join(' '),
    log,
    milliseconds: { first, unchanged, oneMore, close },
    matrix,
    matrixAgain,
    ...seen,
    left: {
      namespaces: await readdir('/run/netns'),
      links: (JSON.parse((await run('ip', ['-j', 'link'])).stdout) as { ifname: string }[]).map(
        ({ ifname }) => ifname,
      ),
      processes: (await processCount()) - processesBefore,
      // `ip netns` binds its directory on itself once, which goes with the place.
      mounts: withoutIds(await readFile('/proc/self/mountinfo', 'utf8')) === withoutIds(mountsBefore),
    },
  };
}

const LISTENERS = [
  ...['7000', '7001'].map(
    (port) => `socat TCP-LISTEN:${port},fork,reuseaddr EXEC:'echo heard' > /dev/null 2>&1 &`,
  ),
  ...['7000', '51820'].map((port) => `socat UDP-RECVFROM:${port},fork,reuseaddr EXEC:cat > /dev/null 2>&1 &`),
].join('\n');

const withoutIds = (mounts: string) => mounts.split('\n').filter((line) => !line.includes('/run/netns')).map((line) => line.split(' ').slice(4).join(' ')).sort().join('\n'); // biome-ignore format: one line

async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return Math.round(performance.now() - started);
}

async function processCount(): Promise<number> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).length;
}

export function keyOf({ from, address, how }: Probe): string {
  return `${from} to ${address} ${how}`;
}

async function probeAll(realiser: Realiser): Promise<Record<string, boolean>> {
  const senders = [...Map.groupBy(probes, ({ from }) => from)];
  const answers: Record<string, boolean> = {};
  const lane = async () => {
    for (let next = senders.shift(); next !== undefined; next = senders.shift()) {
      const [from, list] = next;
      const lines = list.map((probe, index) => `(if ${shellTest(probe)}; then echo ${index}; fi) &`);
      const command = ['sh', '-c', `${lines.join('\n')}\nwait`];
      const { stdout } = await (from === 'outside' ? runOutside(command) : realiser.run(from, command));
      const passed = new Set(stdout.trim().split('\n'));
      for (const [index, probe] of list.entries()) answers[keyOf(probe)] = passed.has(String(index));
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  return answers;
}

function shellTest({ address, how }: Probe): string {
  const [protocol, port] = how.split(' ');
  if (protocol === 'icmp') return `ping -c 1 -W 1 ${address} > /dev/null 2>&1`;
  if (protocol === 'tcp')
    return `socat -T 1 -u TCP:${address}:${port},connect-timeout=1 - 2> /dev/null | grep -q heard`;
  return `echo heard | socat -t 1 -T 1 - UDP:${address}:${port} 2> /dev/null | grep -q heard`;
}

/** Whether p2 sees a packet with an address that is nobody's, sent by this machine. */
async function spoof(realiser: Realiser, id: string): Promise<boolean> {
  const count =
    'table ip seen { counter spoofed { }\n chain in { type filter hook input priority -200; ip saddr 10.64.0.99 counter name spoofed; }; }';
  await realiser.run('p2', ['nft', '-f', '-'], { input: count });
  await realiser.run(id, [
    'sh',
    '-c',
    'ip address add 10.64.0.99/32 dev lo; ping -c 3 -i 0.2 -W 1 -I 10.64.0.99 10.64.0.12; ip address delete 10.64.0.99/32 dev lo',
  ]);
  const { stdout } = await realiser.run('p2', [
    'sh',
    '-c',
    'nft list counter ip seen spoofed; nft delete table ip seen',
  ]);
  return Number(/packets (\d+)/.exec(stdout)?.[1]) > 0;
}

const changed = (id: string, change: (machine: Machine) => Partial<Machine>): Ground => ({
  ...ground,
  machines: ground.machines.map((machine) =>
    machine.id === id ? { ...machine, ...change(machine) } : machine,
  ),
});

/** Streams that run while permissions are taken back and given again: do they move? */
async function flows(realiser: Realiser): Promise<Seen['flows']> {
  const background = (id: string, script: string) =>
    realiser.run(id, ['sh', '-c', `(${script}) > /dev/null 2>&1 &`]);
  const stream = 'while :; do echo xxxxxxxxxx; sleep 0.02; done';
  await background('p2', 'socat -u UDP-RECV:7050 OPEN:/tmp/udp,creat,append');
  await background('p2', 'socat -u TCP-LISTEN:7002,reuseaddr OPEN:/tmp/tcp,creat,append');
  await background('p1', 'socat -u UDP-RECV:51821 OPEN:/tmp/internet,creat,append');
  const open = (taken: boolean): Ground => {
    const rules = taken
      ? { p1: [], p2: [] }
      : {
          p1: [{ protocol: 'udp' as const, fromPort: 51_821, toPort: 51_821, cidrs: [`${PUBLIC.d1}/32`] }],
          p2: [
            { protocol: 'tcp' as const, fromPort: 7002, toPort: 7002, cidrs: ['10.64.0.11/32'] },
            { protocol: 'udp' as const, fromPort: 7050, toPort: 7050, cidrs: ['10.64.0.11/32'] },
          ],
        };
    return {
      ...ground,
      machines: ground.machines.map((machine) => ({
        ...machine,
        ingress: rules[machine.id as 'p1' | 'p2'] ?? machine.ingress,
      })),
    };
  };
  await realiser.realise(open(false));
  await background('p1', `${stream} | socat -u - UDP:10.64.0.12:7050`);
  await background('p1', `${stream} | socat -u - TCP:10.64.0.12:7002`);
  await background('d1', `${stream} | socat -u - UDP:${PUBLIC.p1}:51821`);
  await pause(500);
  const moving = async () => {
    const size = async (id: string, file: string) =>
      Number((await realiser.run(id, ['stat', '-c', '%s', file])).stdout);
    const all = () =>
      Promise.all([size('p2', '/tmp/udp'), size('p2', '/tmp/tcp'), size('p1', '/tmp/internet')]);
    const before = await all();
    await pause(600);
    const [udp, tcp, internet] = (await all()).map((bytes, index) => bytes > (before[index] as number)) as [
      boolean,
      boolean,
      boolean,
    ];
    return { udp, tcp, internet };
  };
  const before = await moving();
  await realiser.realise(open(true));
  const taken = await moving();
  await realiser.realise(open(false));
  await pause(2500);
  const given = await moving();
  await Promise.all(
    ['p1', 'p2', 'd1'].map((id) =>
      realiser.run(id, ['sh', '-c', 'pkill -f "echo [x]xxx"; pkill -f "[a]ppend"']),
    ),
  );
  await realiser.realise(ground);
  return { before, taken, given };
}

async function services(realiser: Realiser): Promise<Seen['services']> {
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => response.end(request.socket.remoteAddress));
  await new Promise<void>((resolve) => server.listen(7401, '192.0.2.10', resolve));
  const ask = async (id: string) =>
    (await realiser.run(id, ['curl', '-sm', '1', 'http://192.0.2.10:7401/'])).stdout;
  const answers = { p1: await ask('p1'), p2: await ask('p2'), t1: await ask('t1'), d1: await ask('d1') };
  server.closeAllConnections();
  server.close();
  return answers;
}

async function capture(realiser: Realiser, directory: string): Promise<Seen['capture']> {
  // An answer, or a port nobody listens on, would be more frames than are counted here.
  const bound = "ss -lunH 'sport = :51820' | grep -q .";
  const sink = `pkill -f '[U]DP-RECVFROM:51820'
for i in $(seq 100); do ${bound} || break; sleep 0.05; done
(socat -u UDP-RECV:51820 OPEN:/dev/null > /dev/null 2>&1 &)
for i in $(seq 100); do ${bound} && exit 0; sleep 0.05; done
exit 1`;
  const sinks = await Promise.all(['p1', 't1'].map((id) => realiser.run(id, ['sh', '-c', sink])));
  if (sinks.some(({ exit }) => exit !== 0)) throw new Error('nobody listens for what is captured');
  const running = await startCapture(`${directory}/capture.pcap`);
  const shaped = "printf '\\004\\000\\000\\000%028d' 0";
  await realiser.run('d1', [
    'sh',
    '-c',
    `${shaped} | socat -u - UDP:${PUBLIC.p1}:51820; ${shaped} | socat -u - UDP:${PUBLIC.t1}:51820`,
  ]);
  await realiser.run('p1', [
    'sh',
    '-c',
    `printf 'a secret in the clear' | socat -u - UDP:${PUBLIC.d1}:9; ping -c 1 -W 1 192.0.2.10; ping -c 1 -W 1 10.64.0.12`,
  ]);
  const frames = await running.stop();
  const kinds: Record<string, number> = {};
  for (const { kind } of frames) if (kind !== 'arp') kinds[kind] = (kinds[kind] ?? 0) + 1;
  return {
    kinds,
    secretFrames: framesWith(frames, Buffer.from('a secret')).length,
    toServices: frames.filter(
      ({ destination }) => destination?.startsWith('192.0.2.') || destination?.startsWith('10.'),
    ).length,
  };
}

/** A public address goes from one machine to another while packets flow to it: they must reach the new one. */
async function moved(realiser: Realiser): Promise<Seen['moved']> {
  const ask = async () =>
    (
      await realiser.run('d1', [
        'sh',
        '-c',
        `echo x | socat -t 1 -T 1 - UDP:${PUBLIC.p3}:7000,sourceport=7777,reuseaddr`,
      ])
    ).stdout.trim();
  const udp = [{ protocol: 'udp' as const, fromPort: 7000, toPort: 7000, cidrs: ['0.0.0.0/0'] }];
  for (const id of ['p2', 'p3']) {
    await realiser.run(id, ['pkill', '-f', 'UDP-RECVFROM:7000']);
    await realiser.run(id, [
      'sh',
      '-c',
      'socat UDP-RECVFROM:7000,fork,reuseaddr SYSTEM:"read x; hostname" > /dev/null 2>&1 &',
    ]);
  }
  await realiser.realise(changed('p3', () => ({ ingress: udp })));
  await pause(200);
  const before = await ask();
  const after = {
    ...ground,
    machines: ground.machines.map((item) =>
      item.id === 'p3'
        ? { ...item, publicAddress: null }
        : item.id === 'p2'
          ? { ...item, ingress: udp, publicAddress: PUBLIC.p3 }
          : item,
    ),
  };
  await realiser.realise(after);
  return { before, after: await ask() };
}
