/** Keeps the Docker networks that are ranges of this node, and knows which containers run in them. */
import { rm } from 'node:fs/promises';
import type { Container } from '@skein/contract/agent/channel.ts';
import type { MapRange } from '@skein/contract/agent/map.ts';
import { z } from 'zod';
import { STATE_DIRECTORY } from '../config.ts';
import { AgentFailure, wordsOf } from '../failure.ts';
import type { Run } from '../host/command.ts';
import type { Log } from '../host/log.ts';
import { readIfThere, writeSafely } from '../state/files.ts';
import type { Engine } from './engine.ts';
import { applyForward } from './forward.ts';
import {
  containersOf,
  creationOf,
  type DockerNetwork,
  LABEL,
  NetworkJson,
  problemOf,
  type Wanted,
} from './network.ts';

export interface DockerKeeper {
  /** Throws `command-failed` with what could not be done; whatever else could be is done. */
  apply(ranges: readonly MapRange[]): Promise<void>;
  /** Undefined where no range is a Docker network, or the engine has not answered yet. */
  containers(): readonly Container[] | undefined;
  close(): void;
}

/** Containers come by the dozen: they are counted once, shortly after the last. */
/** There while something of ours may be in Docker: who has no such range never asks for one. */
const TOUCHED = `${STATE_DIRECTORY}/docker.touched`;
const SOON_MILLISECONDS = 200;
const AGAIN_MILLISECONDS = 3000;

export function newDockerKeeper(options: {
  run: Run;
  log: Log;
  engine: Engine;
  /** Some container came or went. */
  onContainers: () => void;
}): DockerKeeper {
  const { run, log, engine } = options;
  let wanted: readonly Wanted[] = [];
  let known: readonly Container[] | undefined;
  let unfollow: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  const list = async () => {
    const found: Container[] = [];
    for (const { network } of wanted) {
      const there = await networkOf(engine, network);
      if (there) found.push(...containersOf(there));
    }
    if (JSON.stringify(found) === JSON.stringify(known)) return;
    known = found;
    options.onContainers();
  };
  const later = (milliseconds: number, what: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(what, milliseconds);
  };
  const listSoon = () =>
    later(SOON_MILLISECONDS, () => {
      list().catch((error) => log(`containers not counted: ${wordsOf(error)}`));
    });
  const follow = () => {
    unfollow ??= engine.follow(listSoon, () => {
      unfollow = undefined;
      // It is being restarted, or is none any more.
      if (wanted.length > 0) later(AGAIN_MILLISECONDS, follow);
    });
    listSoon();
  };
  const stop = () => {
    clearTimeout(timer);
    unfollow?.();
    unfollow = undefined;
    known = undefined;
  };

  return {
    apply: async (ranges) => {
      wanted = ranges.flatMap(({ docker: network, cidr, overlayCidr }) =>
        network === undefined ? [] : [{ network, cidr, made: cidr === overlayCidr }],
      );
      if (wanted.length === 0) {
        stop();
        return removeDocker(run, engine);
      }
      await writeSafely(TOUCHED, '');
      const problems: string[] = [];
      for (const one of wanted) {
        const problem = await keep(engine, one).catch((error) => `Docker: ${wordsOf(error)}`);
        if (problem !== null) problems.push(problem);
      }
      await removeOthers(engine, wanted).catch((error) => problems.push(`Docker: ${wordsOf(error)}`));
      await applyForward(
        run,
        wanted.map(({ cidr }) => cidr),
      );
      if (problems.length > 0) throw new AgentFailure('command-failed', problems.join('; '));
      await list();
      follow();
    },
    containers: () => known,
    close: stop,
  };
}

/** Takes away what is ours. Networks in which containers still are stay until these are gone, and so does the mark. */
export async function removeDocker(run: Run, engine: Engine): Promise<void> {
  if ((await readIfThere(TOUCHED)) === undefined) return;
  await applyForward(run, []);
  if ((await removeOthers(engine, []).catch(() => 'later')) === 'done') await rm(TOUCHED, { force: true });
}

/** Makes the network where it is not. Answers why it cannot be the range, or null. */
async function keep(engine: Engine, wanted: Wanted): Promise<string | null> {
  const there = await networkOf(engine, wanted.network);
  if (there) return problemOf(there, wanted);
  if (!wanted.made) return `there is no Docker network ${wanted.network}`;
  const { status, body } = await engine.ask('POST', '/networks/create', creationOf(wanted));
  return status === 201
    ? null
    : `Docker does not make the network ${wanted.network}: ${reasonOf(status, body)}`;
}

async function networkOf(engine: Engine, name: string): Promise<DockerNetwork | undefined> {
  const { status, body } = await engine.ask('GET', `/networks/${encodeURIComponent(name)}`);
  return status === 200 ? NetworkJson.parse(body) : undefined;
}

/** Networks that were made for ranges which are gone. One in use stays until it is not. */
async function removeOthers(engine: Engine, wanted: readonly Wanted[]): Promise<'done' | 'later'> {
  const filters = encodeURIComponent(JSON.stringify({ label: [LABEL] }));
  const { status, body } = await engine.ask('GET', `/networks?filters=${filters}`);
  if (status !== 200) return 'later';
  let outcome: 'done' | 'later' = 'done';
  for (const { Name, Id } of z.array(z.object({ Name: z.string(), Id: z.string() })).parse(body))
    if (!wanted.some(({ network }) => network === Name)) {
      const removed = await engine.ask('DELETE', `/networks/${Id}`);
      if (removed.status >= 400 && removed.status !== 404) outcome = 'later';
    }
  return outcome;
}

function reasonOf(status: number, body: unknown): string {
  const told = z.object({ message: z.string() }).safeParse(body);
  return told.success ? told.data.message.slice(0, 300) : `status ${status}`;
}
