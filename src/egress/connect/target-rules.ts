/** Why a target is not connected to, each with the sentence that its owner reads. */
export const TARGET_RULES = {
  address_not_public: 'The address is not public.',
  port_not_allowed: 'The port is not one of web servers: 80, 443 and most from 1024 up may be asked.',
  url_not_allowed: 'The URL is not one of http or https, or has a user name or password.',
} as const;

export type TargetRule = keyof typeof TARGET_RULES;
