import type { Html } from '../../../http/html/html.ts';
import { ENDED_DELIVERY_STATUSES } from '../../../database/enumerations.ts';
import type { DeliveryFilter, DeliveryView } from '../../../webhooks/read/deliveries.ts';
import { badge } from '../../view/parts.ts';

/**
 * The states that are shown: a pending delivery is waiting until an attempt fails, then failing.
 */
export const DELIVERY_STATES = ['waiting', 'failing', ...ENDED_DELIVERY_STATUSES] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

type Stand = Pick<DeliveryView, 'status' | 'last_error'>;

export function deliveryStateOf({ status, last_error }: Stand): DeliveryState {
  if (status !== 'pending') return status;
  return last_error === null ? 'waiting' : 'failing';
}

export const deliveryBadge = (delivery: Stand): Html => badge(deliveryStateOf(delivery));

/** The filter that finds the deliveries of a state. */
export function filterOf(state: DeliveryState | undefined): DeliveryFilter {
  if (state === 'waiting' || state === 'failing') return { status: 'pending', failing: state === 'failing' };
  return { status: state };
}
