import { createClient } from 'graphql-ws';

const url = process.env.CHIME_URL ?? 'http://localhost:4680';
const authorization = process.env.CHIME_TOKEN && `Bearer ${process.env.CHIME_TOKEN}`;

async function ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as {
    data: Data;
    errors?: { message: string; extensions: { code: string } }[];
  };
  if (errors?.[0]) throw new Error(`${errors[0].extensions.code}: ${errors[0].message}`);
  return data;
}

const { createSchedule } = await ask<{ createSchedule: { schedule: { id: string } } }>(
  'mutation ($input: CreateScheduleInput!) { createSchedule(input: $input) { schedule { id } } }',
  { input: { key: 'tick', task: 'send_message', payload: { text: 'Tick' }, every: '1 second' } },
);
const { id } = createSchedule.schedule;

const client = createClient({
  url: `${url.replace(/^http/, 'ws')}/graphql`,
  connectionParams: authorization ? { authorization } : {},
});
const changes = client.iterate<{
  runChanged: { run: { status: string; outputSummary: string | null } | null };
}>({
  query: 'subscription ($id: UUID) { runChanged(scheduleId: $id) { run { status outputSummary } } }',
  variables: { id },
});
for await (const { data } of changes) {
  const run = data?.runChanged.run;
  if (run) console.log(run.status, run.outputSummary ?? '');
  if (run?.status === 'SUCCEEDED') break;
}
await client.dispose();

await ask('mutation ($id: UUID!) { deleteSchedule(input: { scheduleId: $id }) { schedule { id } } }', { id });
