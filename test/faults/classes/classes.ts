import { browserKilled } from './browser-faults.ts';
import { diskFilled, partitioned, postgresCrashed, terminated } from './outside-faults.ts';
import type { FaultClass } from './fault-class.ts';
import { clockStepped, crashed, killed, rolled, stopped } from './process-faults.ts';

export const CLASSES: FaultClass[] = [
  killed,
  crashed,
  stopped,
  rolled,
  postgresCrashed,
  terminated,
  partitioned('database', 60),
  partitioned('receiver', 60),
  diskFilled,
  clockStepped,
  browserKilled,
];
