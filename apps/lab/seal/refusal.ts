/** Why the sealed place cannot be made here, in words that say what to do. */
import { spawn } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { commandEnvironment } from '../config.ts';

/** Thrown where no sealed place can be made; `message` is for the user. */
export class SealRefused extends Error {
  readonly code = 'seal_refused';
}

export interface SealFacts {
  platform: NodeJS.Platform;
  root: boolean;
  /** Tools of the place that are not on the machine. */
  missing: readonly string[];
  /** What the attempt printed; null when it succeeded. */
  failure: string | null;
  /** Kernel switches by their sysctl name; null where the kernel has no such switch. */
  switches: Readonly<Record<string, string | null>>;
  /** Whether /dev/net/tun can be opened, or the kernel has WireGuard. */
  tunnels: boolean;
}

const TOOLS = {
  unshare: 'util-linux',
  mount: 'mount',
  ip: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  perl: 'perl-base',
} as const;
const SWITCHES = [
  'kernel.unprivileged_userns_clone',
  'kernel.apparmor_restrict_unprivileged_userns',
  'user.max_user_namespaces',
];
/** The value at which a switch forbids unprivileged namespaces, and the one that allows them. */
const FORBIDS: Record<string, { at: string; allow: string }> = {
  'kernel.unprivileged_userns_clone': { at: '0', allow: '1' },
  'kernel.apparmor_restrict_unprivileged_userns': { at: '1', allow: '0' },
  'user.max_user_namespaces': { at: '0', allow: '15000' },
};

/** Null when the place can be made; else what is in the way and how to take it away. */
export function explainRefusal(facts: SealFacts): string | null {
  if (facts.platform !== 'linux')
    return `The lab needs Linux (this is ${facts.platform}): it is made of network namespaces. The control plane runs here without it.`;
  if (facts.missing.length > 0) {
    const packages = [...new Set(facts.missing.map((tool) => TOOLS[tool as keyof typeof TOOLS] ?? tool))];
    return `The lab needs ${facts.missing.join(', ')}. On Debian or Ubuntu: sudo apt-get install ${packages.join(' ')}`;
  }
  if (facts.failure !== null && facts.root)
    return `This root may not make namespaces (${facts.failure}). In a container, start it with --privileged, or with the capabilities SYS_ADMIN and NET_ADMIN.`;
  if (facts.failure !== null) {
    const closed = Object.entries(FORBIDS).filter(([name, { at }]) => facts.switches[name] === at);
    const how = closed.map(([name, { allow }]) => `sudo sysctl -w ${name}=${allow}`).join(' && ');
    return how === ''
      ? `This user may not make namespaces (${facts.failure}). Run it as root: sudo ./skein …`
      : `This user may not make namespaces. Run: ${how}    (or run it as root)`;
  }
  if (!facts.tunnels)
    return 'WireGuard cannot run here: the kernel has no wireguard module loaded and /dev/net/tun may not be opened. Run: sudo modprobe wireguard    (or: sudo chmod 0666 /dev/net/tun)';
  return null;
}

/** Tries once, in some milliseconds, what the place needs. */
export async function probe(unshareArguments: readonly string[]): Promise<SealFacts> {
  const facts = {
    platform: process.platform,
    root: process.getuid?.() === 0,
    missing: [] as string[],
    failure: null as string | null,
  };
  if (process.platform !== 'linux') return { ...facts, switches: {}, tunnels: false };
  const [found, switches, tunnels] = await Promise.all([
    Promise.all(Object.keys(TOOLS).map(async (tool) => ({ tool, here: await onPath(tool) }))),
    Promise.all(SWITCHES.map(async (name) => [name, await switchValue(name)] as const)),
    Promise.all([
      readable('/dev/net/tun', constants.R_OK | constants.W_OK),
      readable('/sys/module/wireguard', constants.F_OK),
    ]),
  ]);
  const missing = found.filter(({ here }) => !here).map(({ tool }) => tool);
  const failure = missing.length > 0 ? null : await attempt(unshareArguments);
  return {
    ...facts,
    missing,
    failure,
    switches: Object.fromEntries(switches),
    tunnels: tunnels.includes(true),
  };
}

/** AppArmor lets the namespace be made and then forbids what it is for: so the attempt mounts and sets a link up. */
function attempt(unshareArguments: readonly string[]): Promise<string | null> {
  const test =
    'mount -t proc proc /proc && mount -t tmpfs tmpfs /run && ip link set lo up && ip link add type veth';
  return new Promise((resolve) => {
    const child = spawn('unshare', [...unshareArguments, '--', 'sh', '-c', test], {
      env: commandEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 10_000,
      killSignal: 'SIGKILL',
    });
    let words = '';
    child.stderr.on('data', (data) => {
      words += data;
    });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) =>
      resolve(code === 0 ? null : words.trim().split('\n')[0] || `unshare ended with ${code}`),
    );
  });
}

async function onPath(tool: string): Promise<boolean> {
  const directories = (commandEnvironment().PATH ?? '').split(':').filter((directory) => directory !== '');
  for (const directory of directories)
    if (await readable(`${directory}/${tool}`, constants.X_OK)) return true;
  return false;
}

function readable(path: string, how: number): Promise<boolean> {
  return access(path, how).then(
    () => true,
    () => false,
  );
}

function switchValue(name: string): Promise<string | null> {
  return readFile(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}
