-- What the states of a delivery in the outbox mean since deliveries can be born leased.
comment on column outbox.status is
  'waiting: due at next_attempt_at. sending: claimed, or born leased: appended so by the process that '
  'sends it, with its first attempt begun. Due again when leased_until has passed.';
comment on column outbox.leased_until is
  'Until then the delivery belongs to the process that claimed it, or appended it already leased.';
comment on column outbox.attempts is
  'Attempts begun, in all. A delivery that is born leased starts with one.';
