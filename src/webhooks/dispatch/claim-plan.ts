import type { LaneKind } from '../outbox/backlog.ts';
import type { ClaimedDelivery, LaneClaim } from '../outbox/claim.ts';
import { FIRST_URL_LANE, LAST_LANE, RETRY_LANE, URGENT_LANE } from '../outbox/lanes.ts';
import type { Endpoint } from './endpoint/endpoint.ts';

/** The most URLs to claim for one by one, while only URLs that answer have places. */
const MAX_SINGLE_URLS = 32;

/** A claim of one kind of lanes of an endpoint. */
export interface PlannedClaim extends LaneClaim {
  target: Endpoint;
  kind: LaneKind;
  /**
   * Whether more may be due than this claim gave. Remembers with which URL the next claim begins.
   */
  isMore(got: ClaimedDelivery[]): boolean;
}

/**
 * Plans claims of at most `most` deliveries of an endpoint, of those kinds of lanes in which
 * something may be due.
 */
export function planClaims(
  target: Endpoint,
  due: ReadonlySet<LaneKind>,
  now: number,
  most: number,
): PlannedClaim[] {
  const capacity = target.capacity(now);
  const plans: PlannedClaim[] = [];
  if (due.has('urgent') && capacity.urgent > 0)
    plans.push(oneLane(target, 'urgent', URGENT_LANE, capacity.urgent));
  const retries = Math.min(most, capacity.retries);
  if (due.has('retries') && retries > 0) plans.push(oneLane(target, 'retries', RETRY_LANE, retries));
  const fresh = Math.min(due.has('retries') ? most - retries : most, capacity.fresh);
  if (due.has('fresh') && fresh > 0) plans.push(...freshClaims(target, now, fresh));
  return plans;
}

function oneLane(target: Endpoint, kind: LaneKind, lane: number, count: number): PlannedClaim {
  const { account_id, endpoint } = target;
  const range = { account_id, endpoint, first_lane: lane, last_lane: lane, lane_limits: {} };
  return { ...range, target, kind, count, isMore: (got) => got.length === count };
}

function freshClaims(target: Endpoint, now: number, count: number): PlannedClaim[] {
  const lanes = target.provenLanes;
  if (lanes === null) return [allUrls(target, now, count)];
  return lanes.slice(0, Math.min(count, MAX_SINGLE_URLS)).map((lane) => oneLane(target, 'fresh', lane, 1));
}

/** Some deliveries of each URL, beginning after the last URL that was served. */
function allUrls(target: Endpoint, now: number, count: number): PlannedClaim {
  const { account_id, endpoint, lastLane } = target;
  return {
    account_id,
    endpoint,
    first_lane: Math.max(FIRST_URL_LANE, lastLane + 1),
    last_lane: LAST_LANE,
    lane_limits: target.laneLimits(now),
    target,
    kind: 'fresh',
    count,
    isMore(got) {
      const full = got.length === count;
      target.lastLane = full ? got.reduce((last, { lane }) => Math.max(last, lane), lastLane) : 0;
      return full || lastLane > 0;
    },
  };
}
