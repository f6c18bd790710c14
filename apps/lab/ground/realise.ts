/** Makes the kernel agree with a ground, inside the sealed place; adopts what an earlier lab process left standing. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed, output, succeed } from './command.ts';
import { type DnsServer, serveNames } from './dns-server.ts';
import {
  EMPTY_GROUND as EMPTY,
  type Ground,
  type Machine,
  type MachineStatus,
  type Realiser,
} from './ground.ts';
import { boot, disksIn, halt, isAlive, printed, runInside, scrap } from './machine.ts';
import { serveMetadata } from './metadata-server.ts';
import { INTERNET_NAMESPACE, machineNamespace, numberOf, TRANSIT } from './names.ts';
import { type Numbers, numbered } from './numbers.ts';
import { type Change, changeBetween, EMPTY_PLAN, type Plan, planOf } from './plan.ts';
import { loadState, saveState } from './state.ts';

/** Machines that boot at once: each is some processes, and the machine may have two cores. */
const BOOTS_AT_ONCE = 8;

/**
 * `directory` holds `ground.json` and the machines' disks; it must be the same after a restart. `log` gets a line for
 * what went wrong. The returned realiser stands on the ground that stood before, and serves names and metadata.
 * `programs` is a folder that each machine sees as `/opt/lab`.
 */
export async function kernelRealiser(options: {
  directory: string;
  log: (line: string) => void;
  programs?: string | undefined;
}): Promise<Realiser> {
  await mkdir(join(options.directory, 'machines'), { recursive: true, mode: 0o700 });
  const realiser = new KernelRealiser(options.directory, options.log, options.programs ?? null);
  await realiser.start();
  return realiser;
}

class KernelRealiser implements Realiser {
  private readonly directory: string;
  private readonly log: (line: string) => void;
  private readonly programs: string | null;
  private ground: Ground = EMPTY;
  private numbers: Numbers = { realms: {}, machines: {} };
  private plan: Plan = EMPTY_PLAN;
  /** Whether what stands may be something other than `plan`. */
  private unsure = false;
  private readonly processes = new Map<string, number>();
  /** What each machine on disk was made as. */
  private readonly forms = new Map<string, string>();
  private readonly failures = new Map<string, string>();
  private servers: DnsServer[] = [];
  private wanted: Ground | null = null;
  private working: Promise<void> | null = null;
  private closed = false;
  /** Set when the place ends: its machines are switched off and not deleted, and boot again from their disks. */
  private keepsDisks = false;
  /** An earlier process may have left disks of machines deleted since; known with the first ground that is asked for. */
  private disksUnchecked = false;

  constructor(directory: string, log: (line: string) => void, programs: string | null) {
    this.directory = directory;
    this.log = log;
    this.programs = programs;
  }

  async start(): Promise<void> {
    const before = await this.adopt();
    await this.realise(before);
    this.disksUnchecked = true;
    const ask = (address: string) => this.asker(address);
    this.servers = [
      await serveNames({
        zones: () => this.ground.zones,
        realmOf: (address) => ask(address)?.realmId ?? null,
        log: this.log,
      }),
      await serveMetadata({
        machineOf: (address) => {
          const machine = ask(address);
          const realm = this.ground.realms.find(({ id }) => id === machine?.realmId);
          return machine === undefined || realm === undefined
            ? null
            : { cloud: realm.cloud, metadata: machine.metadata };
        },
      }),
    ];
  }

  realise(ground: Ground): Promise<void> {
    if (this.closed) return Promise.reject(new Error('the ground is closed'));
    this.wanted = ground;
    // A change under way is finished first; whoever asks meanwhile waits for one more, with the newest ground.
    const next =
      this.working === null
        ? this.work()
        : this.working.then(
            () => this.work(),
            () => this.work(),
          );
    this.working = next;
    const settled = () => {
      if (this.working === next) this.working = null;
    };
    next.then(settled, settled);
    return next;
  }

  status(machineId: string): MachineStatus | undefined {
    const known = this.wanted ?? this.ground;
    if (!known.machines.some(({ id }) => id === machineId)) return undefined;
    const failure = this.failures.get(machineId);
    const { console, userDataExit } = printed(this.directory, machineId);
    if (failure !== undefined)
      return { id: machineId, state: 'failed', console: `${console}${failure}\n`, userDataExit };
    return {
      id: machineId,
      state: this.processes.has(machineId) ? 'running' : 'pending',
      console,
      userDataExit,
    };
  }

  async run(
    machineId: string,
    command: readonly string[],
    options: { timeoutSeconds?: number; input?: string } = {},
  ) {
    const pid = this.processes.get(machineId);
    if (pid === undefined || !(await isAlive(machineId, pid)))
      throw new CommandFailed(`machine ${machineId} is not running`);
    return runInside(pid, command, options);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.keepsDisks = true;
    const emptied = this.realise(EMPTY);
    this.closed = true;
    await emptied;
    for (const server of this.servers) await server.close();
    await applyRemovals(changeBetween(this.plan, EMPTY_PLAN));
    await output(['ip', 'link', 'delete', 'services']);
    this.plan = EMPTY_PLAN;
    await this.save(false);
  }

  private async work(): Promise<void> {
    const ground = this.wanted;
    // The call before this one has already taken the newest ground along.
    if (ground === null) return;
    this.wanted = null;
    try {
      await this.converge(ground);
    } catch (error) {
      // Whoever waits behind this call must not take a failure for success.
      this.wanted ??= ground;
      throw error;
    }
  }

  private async converge(ground: Ground): Promise<void> {
    const wanted = new Map(ground.machines.map((machine) => [machine.id, form(machine)]));
    const gone = [...this.forms].filter(([id, old]) => wanted.get(id) !== old).map(([id]) => id);
    this.ground = ground;
    this.numbers = numbered(ground, this.numbers);
    const plan = planOf(ground, this.numbers);
    const unsure = this.unsure;
    if (unsure) await this.forgetWhatIsGone();
    const change = changeBetween(this.plan, plan, unsure);
    if (unsure || gone.length > 0 || !isEmpty(change)) {
      this.unsure = true;
      this.plan = union(this.plan, plan);
      await this.save(true);
      await each(gone, (id) => this.remove(id));
      await apply(change, unsure);
      this.plan = plan;
      this.unsure = false;
    }
    await this.bootMissing(ground);
    if (!this.keepsDisks && this.disksUnchecked) {
      await each(
        (await disksIn(this.directory)).filter((id) => !wanted.has(id)),
        (id) => scrap(this.directory, id),
      );
      this.disksUnchecked = false;
    }
    await this.save(false);
  }

  /** After a change that broke off: which of the planned namespaces really stand. */
  private async forgetWhatIsGone(): Promise<void> {
    const standing = await readdir('/run/netns');
    this.plan = { ...this.plan, namespaces: this.plan.namespaces.filter((name) => standing.includes(name)) };
  }

  private async remove(machineId: string): Promise<void> {
    const pid = this.processes.get(machineId);
    if (pid !== undefined) await halt(machineId, pid);
    this.processes.delete(machineId);
    this.failures.delete(machineId);
    this.forms.delete(machineId);
    if (!this.keepsDisks) await scrap(this.directory, machineId);
  }

  private async bootMissing(ground: Ground): Promise<void> {
    const alive = await Promise.all(
      ground.machines.map(({ id }) => isAlive(id, this.processes.get(id) ?? 0)),
    );
    const missing = ground.machines.filter((_, index) => !alive[index]);
    await each(missing, async (machine) => {
      this.processes.delete(machine.id);
      this.failures.delete(machine.id);
      this.forms.set(machine.id, form(machine));
      const realm = ground.realms.find(({ id }) => id === machine.realmId);
      try {
        if (realm === undefined)
          throw new CommandFailed(`${machine.id}: there is no realm ${machine.realmId}`);
        this.processes.set(machine.id, await boot(this.directory, machine, realm, this.programs));
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        this.failures.set(machine.id, words);
        this.log(`machine ${words}`);
      }
    });
  }

  /** Takes over what stands, as far as it was written down; removes what was not. Answers the ground that stood. */
  private async adopt(): Promise<Ground> {
    const saved = await loadState(this.directory);
    const standing = await readdir('/run/netns');
    if (saved !== null) this.numbers = saved.numbers;
    const adopted = saved !== null && standing.includes(INTERNET_NAMESPACE);
    const known = adopted ? saved.plan.namespaces : [];
    for (const name of standing.filter((name) => !known.includes(name))) await emptyNamespace(name);
    if (!adopted) {
      await output(['ip', 'link', 'delete', 'services']);
      return EMPTY;
    }
    this.ground = saved.ground;
    this.plan = {
      ...saved.plan,
      namespaces: saved.plan.namespaces.filter((name) => standing.includes(name)),
    };
    this.unsure = saved.underWay || this.plan.namespaces.length !== saved.plan.namespaces.length;
    for (const [id, pid] of Object.entries(saved.processes))
      if (await isAlive(id, pid)) this.processes.set(id, pid);
    // A machine that was booted but not written down has no known first process: it is made anew.
    for (const { id } of saved.ground.machines)
      if (!this.processes.has(id)) await emptyNamespace(machineNamespace(id), false);
    return saved.ground;
  }

  private asker(address: string): Machine | undefined {
    const number = numberOf(TRANSIT.machines, address.replace(/^::ffff:/, ''));
    return number === undefined
      ? undefined
      : this.ground.machines.find(({ id }) => this.numbers.machines[id] === number);
  }

  private save(underWay: boolean): Promise<void> {
    const { numbers, plan, ground } = this;
    return saveState(this.directory, {
      version: 2,
      underWay,
      numbers,
      processes: Object.fromEntries(this.processes),
      plan,
      ground,
    });
  }
}

function isEmpty(change: Change): boolean {
  return Object.values(change).every((part) => part.length === 0);
}

/** What cannot change while a machine lives. */
function form(machine: Machine): string {
  return JSON.stringify([machine.realmId, machine.subnetId, machine.privateAddress, machine.macAddress]);
}

/** A plan of which any part may stand: what a killed process must be able to find and remove. */
function union(before: Plan, after: Plan): Plan {
  const names = [...new Set([...Object.keys(before.facts), ...Object.keys(after.facts)])];
  const facts = names.map((name) => {
    const kept = after.facts[name] ?? [];
    const keys = new Set(kept.map(({ key }) => key));
    return [name, [...kept, ...(before.facts[name] ?? []).filter(({ key }) => !keys.has(key))]] as const;
  });
  return {
    namespaces: [...new Set([...before.namespaces, ...after.namespaces])],
    facts: Object.fromEntries(facts),
    filters: after.filters,
    translations: { ...before.translations, ...after.translations },
  };
}

const ROUTER_SWITCHES = [
  'for file in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $file; done',
  ...['all', 'default'].flatMap((name) => [
    `echo 0 > /proc/sys/net/ipv4/conf/${name}/rp_filter`,
    // A packet leaves the internet's router by the link it came in by: it must not tell the sender of a shorter way.
    `echo 0 > /proc/sys/net/ipv4/conf/${name}/send_redirects`,
  ]),
  'echo 1 > /proc/sys/net/ipv4/ip_forward',
].join('; ');

async function apply(change: Change, force: boolean): Promise<void> {
  if (change.addNamespaces.length > 0) {
    await batch('', change.addNamespaces.map((name) => `netns add ${name}`), force); // biome-ignore format: one line
  }
  // In a namespace that was begun and not finished they may not be set yet.
  const routers = force
    ? change.filters.map(({ namespace }) => namespace)
    : change.addNamespaces.filter((name) => !name.startsWith('node-'));
  await each(routers, (name) => succeed([...within(name), 'sh', '-c', ROUTER_SWITCHES]));
  await each(change.filters, ({ namespace, text }) =>
    succeed([...within(namespace), 'nft', '-f', '-'], { input: text }),
  );
  // The links of the edges are made from the two ends they share; only then can an edge's own lines name them.
  const shared = change.batches.filter(
    ({ namespace }) => namespace === '' || namespace === INTERNET_NAMESPACE,
  );
  const rest = change.batches.filter((item) => !shared.includes(item));
  await each(shared, ({ namespace, lines }) => batch(namespace, lines, force));
  await each(rest, ({ namespace, lines }) => batch(namespace, lines, force));
  await each(change.forget, ({ namespace, addresses }) => {
    const lines = addresses.flatMap((address) => [
      `conntrack -D -s ${address}`,
      `conntrack -D -r ${address}`,
    ]);
    // It ends with 1 when there was nothing to forget.
    return output([...within(namespace), 'sh', '-c', `${lines.join('; ')}; true`]);
  });
  await applyRemovals(change);
}

async function applyRemovals(change: Change): Promise<void> {
  const standing = new Set(await readdir('/run/netns'));
  const names = change.removeNamespaces.filter((name) => standing.has(name));
  // A machine's processes have ended with its first one; looking for them costs a walk over all processes.
  const machines = names.filter((name) => name.startsWith('node-'));
  if (machines.length > 0) await batch('', machines.map((name) => `netns delete ${name}`), false); // biome-ignore format: one line
  await each(names.filter((name) => !machines.includes(name)), (name) => emptyNamespace(name)); // biome-ignore format: one line
}

async function batch(namespace: string, lines: readonly string[], force: boolean): Promise<void> {
  const where = namespace === '' ? [] : ['-n', namespace];
  const { exit, stderr } = await output(['ip', ...where, ...(force ? ['-force'] : []), '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
  });
  if (exit !== 0 && !force)
    throw new CommandFailed(`ip in ${namespace || 'the place'}: ${stderr.trim().slice(-2000)}`);
}

/** Ends the processes in a network namespace and, unless told otherwise, removes it. */
async function emptyNamespace(name: string, remove = true): Promise<void> {
  const pids = (await output(['ip', 'netns', 'pids', name])).stdout.split(/\s+/).filter((pid) => pid !== '');
  for (const pid of pids) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  if (remove) await succeed(['ip', 'netns', 'delete', name]);
}

function within(namespace: string): string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`];
}

/** Some at a time; the first failure is thrown when all have ended. */
async function each<Item>(items: readonly Item[], act: (item: Item) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  const failures: unknown[] = [];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await act(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: BOOTS_AT_ONCE }, lane));
  if (failures.length > 0) throw failures[0];
}
