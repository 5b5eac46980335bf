import type { BlockKind } from './verdict.ts';

/** Where a sign is looked for, and text that must be in it. */
export type Sign =
  | [
      where:
        | 'url'
        | 'script'
        | 'inline_script'
        | 'frame'
        | 'form'
        | 'stylesheet'
        | 'refresh'
        | 'id'
        | 'link'
        | 'text',
      part: string,
    ]
  | [where: 'header', name: string, part?: string]
  | [where: 'status', ...statuses: number[]]
  /** The page shows next to no text. */
  | [where: 'blank'];

/** Signs that together show a block page of a vendor. */
export interface Mark {
  vendor: string;
  kind: BlockKind;
  signs: Sign[];
}

/** `[vendor, kind, ...signs]`, for the table to be read. */
function mark(vendor: string, kind: BlockKind, ...signs: Sign[]): Mark {
  return { vendor, kind, signs };
}

/**
 * What only block pages have, the more telling first. Scripts, cookies and headers that a vendor
 * adds to ordinary pages, too, are none of it: they count with a status that refuses at most.
 */
export const MARKS: readonly Mark[] = [
  mark('cloudflare', 'challenge', ['header', 'cf-mitigated', 'challenge']),
  mark('cloudflare', 'captcha', ['form', '__cf_chl_captcha_tk__=']),
  mark('cloudflare', 'captcha', ['form', '/cdn-cgi/l/chk_captcha']),
  mark('cloudflare', 'challenge', ['form', '/cdn-cgi/l/chk_jschl']),
  mark('cloudflare', 'challenge', ['form', '__cf_chl_']),
  mark('cloudflare', 'challenge', ['inline_script', '_cf_chl_opt']),
  mark('cloudflare', 'challenge', ['script', '/cdn-cgi/challenge-platform/'], ['script', '/orchestrate/']),
  mark('cloudflare', 'rate_limited', ['status', 429], ['id', 'cf-error-details']),
  mark('cloudflare', 'denied', ['status', 403], ['id', 'cf-error-details']),

  mark('akamai', 'challenge', ['id', 'sec-if-cpt-container']),
  mark('akamai', 'challenge', ['script', '/_sec/cp_challenge/']),
  mark('akamai', 'challenge', ['frame', '/_sec/cp_challenge/']),
  mark('akamai', 'challenge', ['refresh', 'bm-verify=']),
  mark('akamai', 'challenge', ['inline_script', 'bm-verify'], ['blank']),
  mark('akamai', 'denied', ['status', 403], ['header', 'server', 'akamaighost']),
  mark('akamai', 'denied', ['status', 403], ['text', '://errors.edgesuite.net/']),
  mark('akamai', 'rate_limited', ['status', 429], ['header', 'server', 'akamaighost']),

  mark('datadome', 'denied', ['inline_script', "'t':'bv'"], ['script', '.captcha-delivery.com/']),
  mark('datadome', 'challenge', ['frame', '.captcha-delivery.com/interstitial']),
  mark('datadome', 'challenge', ['script', '.captcha-delivery.com/i.js']),
  mark('datadome', 'captcha', ['frame', '.captcha-delivery.com/']),
  mark('datadome', 'captcha', ['script', '.captcha-delivery.com/']),
  mark('datadome', 'challenge', ['text', '.captcha-delivery.com/interstitial']),
  mark('datadome', 'captcha', ['text', '.captcha-delivery.com/captcha']),
  mark('datadome', 'challenge', ['status', 401, 403, 405, 429], ['header', 'x-dd-b']),
  mark('datadome', 'denied', ['status', 403, 429], ['header', 'x-datadome']),
  mark('datadome', 'denied', ['status', 403], ['header', 'set-cookie', 'datadome=']),

  mark('human', 'captcha', ['id', 'px-captcha']),
  mark('human', 'captcha', ['script', '//captcha.px-cdn.net/']),
  mark('human', 'captcha', ['script', '//captcha.px-cloud.net/']),
  mark('human', 'captcha', ['script', '//captcha.perimeterx.net/']),
  mark('human', 'captcha', ['status', 403, 429], ['inline_script', '_pxUuid']),
  mark('human', 'captcha', ['inline_script', '_pxAppId'], ['script', '/captcha.js']),
  mark('human', 'captcha', ['text', '"blockScript"'], ['text', '"appId":"PX']),
  mark('human', 'denied', ['status', 403, 429], ['header', 'set-cookie', '_pxhd=']),

  mark('imperva', 'denied', ['status', 403], ['frame', '_Incapsula_Resource']),
  mark('imperva', 'challenge', ['frame', '_Incapsula_Resource']),
  mark('imperva', 'challenge', ['script', '_Incapsula_Resource'], ['blank']),
  mark('imperva', 'captcha', ['inline_script', 'protectionSubmitCaptcha']),
  mark('imperva', 'challenge', ['inline_script', 'onProtectionInitialized']),
  mark('imperva', 'captcha', ['form', '/distil_r_captcha']),
  mark('imperva', 'captcha', ['url', '/distil_r_captcha']),
  mark('imperva', 'denied', ['url', '/distil_r_blocked']),
  mark('imperva', 'denied', ['status', 403], ['header', 'set-cookie', 'incap_ses_'], ['blank']),

  mark('sucuri', 'challenge', ['inline_script', 'sucuri_cloudproxy_js']),
  mark('sucuri', 'denied', ['header', 'x-sucuri-block']),
  mark('sucuri', 'denied', ['stylesheet', 'sucuri-firewall-block']),
  mark('sucuri', 'denied', ['status', 403], ['header', 'x-sucuri-id'], ['link', '//sucuri.net/']),

  mark('aws_waf', 'captcha', ['header', 'x-amzn-waf-action', 'captcha']),
  mark('aws_waf', 'challenge', ['header', 'x-amzn-waf-action', 'challenge']),
  mark('aws_waf', 'captcha', ['inline_script', 'gokuProps'], ['id', 'captcha-container']),
  mark('aws_waf', 'captcha', ['inline_script', 'gokuProps'], ['script', '/captcha.js']),
  mark('aws_waf', 'challenge', ['inline_script', 'gokuProps']),
  mark('aws_waf', 'challenge', ['id', 'challenge-container'], ['script', '.awswaf.com/']),
  mark('aws_waf', 'denied', ['status', 403], ['header', 'server', 'awselb']),
  mark(
    'aws_waf',
    'denied',
    ['status', 403],
    ['header', 'server', 'cloudfront'],
    ['header', 'x-cache', 'error from cloudfront'],
  ),

  mark('kasada', 'challenge', ['inline_script', 'KPSDK'], ['script', '/ips.js']),
  mark('kasada', 'challenge', ['status', 403, 429], ['header', 'x-kpsdk-ct']),
  mark('kasada', 'challenge', ['status', 403, 429], ['inline_script', 'KPSDK'], ['blank']),

  mark('vercel', 'challenge', ['header', 'x-vercel-mitigated', 'challenge']),
  mark('vercel', 'denied', ['header', 'x-vercel-mitigated', 'deny']),
  mark('fastly', 'challenge', ['script', '/_fs-ch-']),
  mark('f5', 'challenge', ['inline_script', 'bobcmn'], ['blank']),
  mark('f5', 'challenge', ['script', '/TSPD/'], ['blank']),
  mark('f5', 'denied', ['link', 'javascript:history.back()'], ['text', 'Your support ID is'], ['blank']),
  mark('radware', 'captcha', ['url', '//validate.perfdrive.com/']),
  mark('ddos_guard', 'challenge', ['script', '/.well-known/ddos-guard/js-challenge/']),
  mark('anubis', 'challenge', ['id', 'anubis_challenge']),
  mark('siteground', 'challenge', ['header', 'sg-captcha', 'challenge']),
  mark('siteground', 'challenge', ['refresh', '/.well-known/sgcaptcha/']),
  mark('imunify360', 'challenge', ['header', 'server', 'imunify360'], ['blank']),
  mark('aliyun', 'challenge', ['inline_script', 'acw_sc__v2'], ['blank']),
  mark('aliyun', 'captcha', ['url', '/_____tmd_____/punish']),
  mark('aliyun', 'captcha', ['inline_script', '/_____tmd_____/punish'], ['blank']),
  mark('qrator', 'challenge', ['script', '/__qrator/'], ['blank']),
  mark('qrator', 'denied', ['status', 401, 403], ['header', 'server', 'qrator'], ['blank']),
  mark('stackpath', 'challenge', ['script', '/sbbi/'], ['blank']),
  mark('tencent', 'challenge', ['script', '/__TENCENT_CHAOS_VM'], ['blank']),
  mark('tencent', 'challenge', ['inline_script', 'EO_Bot_Ssid'], ['blank']),
  mark('azure', 'challenge', ['script', '/.azwaf/'], ['blank']),
  mark(
    'azure',
    'denied',
    ['status', 403],
    ['header', 'x-azure-ref'],
    ['text', 'The request is blocked.'],
    ['blank'],
  ),
  mark('bunny', 'challenge', ['script', '/.bunny-shield/'], ['blank']),
  mark('modsecurity', 'denied', ['status', 403, 406], ['text', 'generated by Mod_Security']),
  mark('arkose', 'captcha', ['status', 403, 429], ['script', '.arkoselabs.com/']),
  mark('reblaze', 'challenge', ['inline_script', 'rbzns'], ['blank']),
  mark('wordfence', 'denied', ['status', 403, 503], ['link', '//www.wordfence.com/']),
  mark('amazon', 'captcha', ['form', '/errors/validateCaptcha']),
  mark('yandex', 'captcha', ['url', '/showcaptcha?']),
  mark('linkedin', 'denied', ['status', 999], ['header', 'x-li-fabric']),
  mark('linkedin', 'login', ['status', 999], ['inline_script', '/authwall']),
  mark(
    'reddit',
    'denied',
    ['status', 403, 429],
    ['header', 'server', 'snooserv'],
    ['text', 'whoa there, pardner!'],
  ),
];
