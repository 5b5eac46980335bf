import type { PgBoss } from 'pg-boss';
import { createSecretBox } from '../../accounts/secrets.ts';
import type { Config } from '../../config/index.ts';
import type { Lane } from '../../database/queue.ts';
import type { Db } from '../../database/tables.ts';
import { AddressBudget, createEgress, ProxyPool } from '../../egress/index.ts';
import { KnownLinks } from '../../jobs/progress/known-links.ts';
import { SharedSemaphore } from '../../limits/shared-semaphore.ts';
import type { Log } from '../../log.ts';
import type { RenderClient } from '../../render/thread-port.ts';
import type { DirectDispatch } from '../../webhooks/direct/reservation.ts';
import { HostGate, type GateMemory } from '../hosts/gate.ts';
import { Hosts } from '../hosts/hosts.ts';
import { BodyMemoryBudget } from '../limits/body-memory.ts';
import { Load } from '../limits/load.ts';
import { PlainPages } from '../limits/plain-pages.ts';
import { RenderTurns } from '../limits/render-turns.ts';
import { Renders } from '../page/renders.ts';
import type { PageReader } from '../page/surroundings.ts';
import { ProxyLedger } from '../proxies/ledger.ts';
import { poolOf } from '../proxies/route.ts';
import { RoutedEgress } from '../proxies/routed-egress.ts';
import type { SliceTools } from '../queue/settle.ts';
import { WorkReader } from '../queue/open-work.ts';

/**
 * The memory for large bodies of a lane: two of the largest kind, one that is read and one that
 * arrives or waits. With four, the bodies of both lanes took 76 MiB.
 */
const BODIES_BYTES = 20 * 1024 * 1024;

/** What the workers of a process share, and which of them this one is. */
export interface WorkerShare {
  config: Config;
  lane: Lane;
  index: number;
  gate: GateMemory;
  /** The memory of the lane's SharedSemaphore for large bodies. */
  bodiesMemory: SharedArrayBuffer;
  /** The memory of the SharedSemaphore of places in the browser. */
  renderMemory: SharedArrayBuffer;
  /** The memory of the PlainPages. */
  plainPagesMemory: SharedArrayBuffer;
}

/** What a worker uses of the thread in which it runs. */
export interface WorkerTools {
  db: Db;
  boss: PgBoss;
  log: Log;
  readers: PageReader;
  /** The browser; null where there is none. */
  renders: RenderClient | null;
  /** The dispatcher of this process; null where it has none. */
  dispatch: DirectDispatch | null;
}

/** What slices are run with in one thread. Disposing of it closes its connections to sites. */
export interface LaneWorker extends AsyncDisposable {
  tools: SliceTools;
}

/** Makes what a thread needs to run slices of a lane. */
export function createLaneWorker(share: WorkerShare, tools: WorkerTools): LaneWorker {
  const { config, lane, index, gate } = share;
  const { db, boss, log, readers, dispatch } = tools;
  const egress = createEgress({
    allowTargets: config.allowPrivateTargets,
    allowWebhooks: [],
    dnsServers: config.dnsServers,
    connectionsPerOrigin: { pages: config.hostConcurrency, webhooks: 1 },
    pageBudget: new AddressBudget({
      memory: gate.addresses,
      thread: index,
      concurrency: config.hostConcurrency,
    }),
  });
  const proxies = new ProxyPool(poolOf(config));
  const ledger = new ProxyLedger(db, proxies, log);
  const load = new Load();
  const plainPages = new PlainPages(share.plainPagesMemory);
  const hostGate = new HostGate({ memory: gate, lane, thread: index, capacity: config.hostConcurrency });
  const around = {
    egress,
    hosts: new Hosts({ db, egress: new RoutedEgress(egress, proxies), config, gate: hostGate, load }),
    load,
    bodies: new BodyMemoryBudget(new SharedSemaphore(share.bodiesMemory, index, BODIES_BYTES)),
    readers,
    renders: tools.renders && createRenders(share, tools.renders, plainPages),
    plainPages,
    log,
  };
  const box = createSecretBox(config.secretKey, config.secretKeyPrevious);
  const work = new WorkReader(db, box);
  return {
    tools: { db, boss, lane, box, work, around, dispatch, knownLinks: new KnownLinks() },
    async [Symbol.asyncDispose]() {
      await ledger[Symbol.asyncDispose]();
      await egress.close();
    },
  };
}

/** Single pages need no turns: somebody waits for them. */
function createRenders(
  { config, index, lane, renderMemory }: WorkerShare,
  client: RenderClient,
  plainPages: PlainPages,
): Renders {
  const { renderConcurrency: concurrency } = config;
  const places = new SharedSemaphore(renderMemory, index, concurrency);
  const turns = lane === 'bulk' ? new RenderTurns(concurrency, () => plainPages.underWay) : null;
  return new Renders(client, { places, concurrency, turns });
}
