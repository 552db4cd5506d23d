import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text === '' ? undefined : text));

/**
 * The environment of every process, parsed once in its `main.ts` and passed down frozen. Temporal's own variables
 * (`TEMPORAL_*`) are read by `@temporalio/envconfig`; a provider's key by the name that its `apiKeyEnv` states.
 */
export const Environment = z.object({
  STILLHOUSE_HOME: z.string().default('./.stillhouse'),
  STILLHOUSE_CONFIG: z.string().default('./stillhouse.yaml'),
  STILLHOUSE_HOST: z.string().default('127.0.0.1'),
  /** 0 = any free port, here and below. */
  STILLHOUSE_PORT: port.default(8080),
  STILLHOUSE_CLICKHOUSE_PORT: port.default(8123),
  STILLHOUSE_TEMPORAL_PORT: port.default(7233),
  STILLHOUSE_TEMPORAL_UI_PORT: port.default(8233),
  STILLHOUSE_STUDENT_SERVER_PORT: port.default(8090),
  STILLHOUSE_ADMIN_KEY: optionalText,
  /** Who reads `/metrics` of a gateway must send it; without it they are open to all who reach the port. */
  STILLHOUSE_METRICS_KEY: optionalText,
  /** Keys of providers that are given through the API are encrypted under it; the same for all gateways. */
  STILLHOUSE_MASTER_KEY: optionalText,
  /** Where gateways share limits and budgets (`redis://` or `rediss://`); without it each has its own. */
  VALKEY_URL: optionalText,
  /** The pipeline's key: calls with it are `origin=pipeline`. */
  STILLHOUSE_SERVICE_KEY: optionalText,
  STILLHOUSE_DEVICE: z.enum(['auto', 'cuda', 'cpu']).default('auto'),
  /** `file:` or `s3:` URL; default: the folder `artifacts` of the home. */
  STILLHOUSE_ARTIFACTS: optionalText,
  STILLHOUSE_GATEWAY_URL: z.string().default('http://127.0.0.1:8080'),
  /** Where the CLI finds a gateway; default: the stack of the home. */
  STILLHOUSE_URL: optionalText,
  STILLHOUSE_API_KEY: optionalText,
  /** Processes of a gateway that share its port; each takes a core when it is busy. */
  STILLHOUSE_GATEWAY_PROCESSES: z.coerce.number().int().min(1).max(64).default(1),
  STILLHOUSE_SPOOL_FSYNC: z.enum(['always', 'interval', 'never']).default('interval'),
  /** Where a person looks at workflows; set by the supervisor for the embedded server. */
  STILLHOUSE_TEMPORAL_UI: optionalText,
  /** Folder of the built embedder (`model.onnx`, `tokenizer.json`, `embedder.json`); set by the supervisor. */
  STILLHOUSE_EMBEDDER: optionalText,
  /** What embeds traces for clusters, where it is another: a folder (`/…`, `./…`), or `provider/model` by the gateway. */
  STILLHOUSE_CLUSTER_EMBEDDER: optionalText,
  /** Comma-separated URLs of the student servers behind the placement `local`; set by the supervisor. */
  STILLHOUSE_STUDENT_URLS: optionalText,
  /** Folder of the trainer's Python environment (`bin/python`), the built-in base and the converters; set by the supervisor. */
  STILLHOUSE_TRAINER: optionalText,
  STILLHOUSE_BASE: optionalText,
  STILLHOUSE_CONVERTERS: optionalText,
  /** Whether those are built when a language-model student is first trained, or beside the start of the stack. */
  STILLHOUSE_STUDENTS: z.enum(['on-demand', 'at-start']).default('on-demand'),
  /** Hugging Face's own cache of base models; default: the user's. */
  HF_HOME: optionalText,
  /** US dollars per GPU and hour: for estimates and the price of a student on a GPU. */
  STILLHOUSE_GPU_HOUR_USD: z.coerce.number().positive().default(2),
  /** Memory that a student server may hold in models and adapters; the least recently used go first. */
  STILLHOUSE_STUDENT_MEMORY_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(4 * 1024 ** 3),
  /** Tools and models that are built or downloaded once, shared by clones; default: the user's cache folder. */
  STILLHOUSE_CACHE: optionalText,
  /** US dollars per CPU core and hour: an encoder student's price. */
  STILLHOUSE_CORE_HOUR_USD: z.coerce.number().positive().default(0.1),
  /** Where OpenTelemetry spans go (OTLP over HTTP); its other variables are read by its own library. */
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalText,
  OTEL_SERVICE_NAME: z.string().default('stillhouse-gateway'),
  STILLHOUSE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  CLICKHOUSE_URL: optionalText,
  CLICKHOUSE_USER: z.string().default('default'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .default('stillhouse'),
  /** Servers that replicate each other, as their configuration names them: migrations are run on all of them. */
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/)
    .optional(),
  TEMPORAL_ADDRESS: optionalText,
  TEMPORAL_NAMESPACE: z.string().default('default'),
});
export type Environment = Readonly<z.infer<typeof Environment>>;
