// What several resources have in common: ids, instants, pages, problems. The schemas check requests, and are the OpenAPI document.
import { z } from 'zod';

/** Any UUID: ids of pgchime are time-ordered, and those of runs are derived. */
export const id = (description: string) => z.guid().meta({ description });

export const instant = (description: string) => z.iso.datetime({ offset: true }).meta({ description });

/** The same, or null; described on the outside, too. */
export const orNull = <T extends z.ZodType>(schema: T) =>
  schema.nullable().meta({ description: schema.description ?? '' });

/** The same, or null, or left out. */
export const orNothing = <T extends z.ZodType>(schema: T) =>
  schema.nullish().meta({ description: schema.description ?? '' });

export const idParams = (what: string) => z.strictObject({ id: id(`The id of the ${what}.`) });

/** A field that only answers have: in a request it is not looked at, so that what was read can be sent back. */
export const readOnly = (description: string) => z.unknown().optional().meta({ description, readOnly: true });

/** A boolean of a query string. */
export const queryBoolean = (description: string) =>
  z
    .stringbool({ truthy: ['true'], falsy: ['false'], error: 'must be true or false' })
    .optional()
    .meta({ description, type: 'boolean' });

/** Rows beyond this are reached by filters, not by pages: finding them would mean passing all before. */
export const deepestRow = 10_000;

export const pageQuery = {
  page: z.coerce
    .number()
    .int()
    .min(1)
    .max(deepestRow)
    .default(1)
    .meta({ description: 'Which page, from 1 on.' }),
  size: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(20)
    .meta({ description: 'How many to a page, 100 at most.' }),
};

export const pageOf = <T extends z.ZodType>(item: T, name: string, what: string) =>
  z
    .object({
      items: z.array(item).meta({ description: `The ${what} of this page.` }),
      page: z.int().meta({ description: 'Which page it is.' }),
      size: z.int().meta({ description: 'How many a page may have.' }),
      total: z.int().meta({
        description: `How many ${what} there are that you may see and that pass the filters; counted up to ${deepestRow}.`,
      }),
      total_capped: z
        .boolean()
        .meta({ description: `Whether there are more than \`total\`, which is ${deepestRow} then.` }),
    })
    .meta({ id: name, description: `A page of ${what}.` });

export const problem = z
  .object({
    type: z.string().meta({ description: 'What kind of problem it is; stable.' }),
    title: z.string().meta({ description: 'The same in words.' }),
    status: z.int().meta({ description: 'The status of the answer.' }),
    detail: z.string().meta({ description: 'What is wrong here, and where.' }),
    code: z
      .string()
      .optional()
      .meta({ description: 'The code of the error, as on every surface: CH001 and so on.' }),
    instance: z.string().meta({ description: 'The request, as the log of the server names it.' }),
    hint: z.string().optional().meta({ description: 'What to do about it.' }),
    errors: z
      .array(
        z.object({
          path: z.string().meta({ description: 'The field, with dots between its parts.' }),
          message: z.string().meta({ description: 'What is wrong with it.' }),
        }),
      )
      .optional()
      .meta({ description: 'What is wrong with which fields.' }),
    details: z.record(z.string(), z.unknown()).optional().meta({
      description:
        'For programs: the position in an expression, the revision that is there now, and the like.',
    }),
  })
  .meta({ id: 'Problem', description: 'Why a request was refused (RFC 9457).' });
