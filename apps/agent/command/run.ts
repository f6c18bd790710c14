/** `skein-agent run`: the daemon from start to end. */
import { rm, writeFile } from 'node:fs/promises';
import { RUN_DIRECTORY } from '../config.ts';
import { cleanNode } from '../daemon/clean.ts';
import { type Left, serveControl } from '../daemon/control-socket.ts';
import { startDaemon } from '../daemon/daemon.ts';
import { AgentFailure, wordsOf } from '../failure.ts';
import { run } from '../host/command.ts';
import { log } from '../host/log.ts';
import { readEnrolment } from '../state/enrolment.ts';
import { readKeys } from '../state/keys.ts';

const PID_FILE = `${RUN_DIRECTORY}/agent.pid`;

/** Runs until told to stop, to leave, or that the peer was removed. Throws `not-enrolled`, `already-running`. */
export async function runDaemon(): Promise<void> {
  const enrolment = await readEnrolment();
  const keys = await readKeys();
  if (!enrolment || !keys)
    throw new AgentFailure(
      'not-enrolled',
      'this node has not joined a network; run install.sh with a join token',
    );

  let daemon: Awaited<ReturnType<typeof startDaemon>> | undefined;
  let ending: Promise<Left> | undefined;
  let finish = () => {};
  const finished = new Promise<void>((done) => {
    finish = done;
  });
  const leaveNetwork = (tell: boolean): Promise<Left> => {
    ending ??= (async () => {
      // Whoever goes by this node goes another way first; removed, it is a way for nobody any more.
      if (tell) await daemon?.drain(true);
      const told = tell ? ((await daemon?.tellLeaving()) ?? false) : true;
      // What it cannot let go of, cleaning tries again and tells.
      await daemon?.stop().catch((error) => log(`not stopped cleanly: ${wordsOf(error)}`));
      const problems = await cleanNode(run);
      for (const one of problems) log(`not cleaned: ${one}`);
      return { told, problems };
    })();
    return ending;
  };

  const control = await serveControl(async (request) => {
    if (!daemon) throw new AgentFailure('unreachable', 'the agent is still starting');
    if (request.ask === 'status') return daemon.status();
    if (request.ask === 'measure') return daemon.measure(request.peer);
    if (request.ask !== 'leave') {
      await daemon.drain(request.ask === 'drain');
      return { draining: daemon.status().draining };
    }
    // The answer must be out before the process ends.
    return leaveNetwork(true).finally(() => setImmediate(finish));
  });
  await writeFile(PID_FILE, `${process.pid}\n`);

  let stopping = false;
  const stop = async () => {
    if (ending) return;
    stopping = true;
    log('stopping; tunnels stay up');
    await daemon?.stop().catch((error) => log(`not stopped cleanly: ${wordsOf(error)}`));
    await rm(PID_FILE, { force: true });
    finish();
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  // Names must resolve whatever befalls us.
  process.once('uncaughtException', (error) => {
    log(`fatal: ${error.stack ?? wordsOf(error)}`);
    void Promise.race([daemon?.stop(), new Promise((done) => setTimeout(done, 3000))]).finally(() =>
      process.exit(1),
    );
  });

  daemon = await startDaemon({
    run,
    log,
    keys,
    enrolment,
    onRemoved: (reason) => {
      log(`removed from the network: ${reason}`);
      void leaveNetwork(false).finally(finish);
    },
  });
  // Told to stop while it was starting: there was nothing to stop yet.
  if (stopping) await daemon.stop();
  await finished;
  await control.close();
}
