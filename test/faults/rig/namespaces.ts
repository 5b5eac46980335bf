import { spawnSync } from 'node:child_process';

/** Small machines: network namespaces on one bridge, each with its own address. */
export interface Machines extends Disposable {
  /** The address at which the machines reach this one. */
  home: string;
  /** Every address, this machine's too, as a CIDR. */
  network: string;
  /** Adds a machine. Returns its address and the command prefix that runs something there. */
  add(): { address: string; within: string[] };
}

const PREFIX = '10.77.0';

/** Needs root and kernel support. Returns the reason when they are missing. */
export function makeMachines(): Machines | { refused: string } {
  const id = process.pid % 100_000;
  const bridge = `ollabr${id}`;
  const made: string[] = [];
  const undo = () => {
    for (const name of made.splice(0)) spawnSync('ip', ['netns', 'del', name]);
    spawnSync('ip', ['link', 'del', bridge]);
  };
  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('addr', 'add', `${PREFIX}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    add(); // fails here where it is not possible
  } catch (error) {
    undo();
    return { refused: (error as Error).message };
  }
  process.once('exit', undo);

  function add() {
    const name = `olla${id}-${made.length}`;
    const port = `ov${id}-${made.length}`;
    const address = `${PREFIX}.${10 + made.length}`;
    made.push(name);
    ip('netns', 'add', name);
    ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', port, 'master', bridge, 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    return { address, within: ['ip', 'netns', 'exec', name] };
  }

  return {
    home: `${PREFIX}.1`,
    network: `${PREFIX}.0/24`,
    add,
    [Symbol.dispose]() {
      process.off('exit', undo);
      undo();
    },
  };
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}
