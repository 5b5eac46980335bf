import type { z } from 'zod';
import type { meAnswer, rotateAnswer, usageAnswer } from '../../accounts/http/schemas.ts';
import type { ProblemDocument } from '../../http/problem.ts';
import type { callbackList, callbackRequest } from '../../callbacks/http/schemas.ts';
import type { jobAnswer, jobSummary, pageBlock } from '../../jobs/http/schemas/answers.ts';
import type { runList, scheduleAnswer, scheduleList, startedAnswer } from '../../schedules/http/schemas.ts';
import type {
  deliveryAnswer,
  deliveryList,
  endpointAnswer,
  endpointList,
  recoverAnswer,
} from '../../webhooks/http/schemas.ts';

/** The API's answers, as the schemas of its document describe them. */
export type Account = z.infer<typeof meAnswer>;
export type RotatedSecret = z.infer<typeof rotateAnswer>;
export type Usage = z.infer<typeof usageAnswer>;
export type Problem = ProblemDocument;
export type Page = z.infer<typeof pageBlock>;
export type JobSummary = z.infer<typeof jobSummary>;
export type Job = z.infer<typeof jobAnswer>;
export type Schedule = z.infer<typeof scheduleAnswer>;
export type ScheduleSummary = z.infer<typeof scheduleList>['data'][number];
export type ScheduleRun = z.infer<typeof runList>['data'][number];
export type StartedRun = z.infer<typeof startedAnswer>;
export type Delivery = z.infer<typeof deliveryAnswer>;
export type DeliverySummary = z.infer<typeof deliveryList>['data'][number];
export type Recovered = z.infer<typeof recoverAnswer>;
export type Endpoint = z.infer<typeof endpointList>['data'][number];
export type ChangedEndpoint = z.infer<typeof endpointAnswer>;
export type Callback = z.infer<typeof callbackList>['data'][number];
export type CallbackRequest = z.infer<typeof callbackRequest>;
