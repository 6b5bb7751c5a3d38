/**
 * tame trains 3D Gaussian splats from TypeScript: photos with known cameras in, a PLY file that splat viewers open out.
 *
 * ```ts no-assert
 * import { loadScene, openDevice, savePly, train } from "./mod.ts";
 *
 * export async function reconstruct(capture: string, ply: string): Promise<void> {
 *   using device = await openDevice();
 *   const scene = await loadScene(capture, { images: "images_8" });
 *   for await (const event of train(device, scene, { iterations: 500 })) {
 *     if (event.type === "step") console.log(event.iteration, event.loss);
 *     if (event.type === "done") {
 *       using gaussians = event.gaussians;
 *       await savePly(gaussians, ply);
 *     }
 *   }
 * }
 * ```
 *
 * @module
 */

export { DISPLAY, type MimeBundle } from "./base/display.ts";
export { DataError } from "./base/errors.ts";
export type { ColorTransform, ExposureKind, Exposures } from "./base/exposure.ts";
export {
  cameraInFrame,
  CAPTURE_FRAME,
  type Coordinates,
  type Frame,
  type FrameChange,
  pointInFrame,
  pointsInFrame,
  type Pose,
  sameFrame,
  splatsInFrame,
} from "./base/frame.ts";
export type {
  Camera,
  Coverage,
  Distortion,
  Image8,
  ImageSize,
  Lens,
  LensModel,
  Pinhole,
  PlySplats,
  PointCloud,
  Scene,
  View,
} from "./base/scene.ts";
export type { Vec3 } from "./base/vec3.ts";
export { Device, type DeviceInfo, type DeviceOptions, type MemoryUse, openDevice } from "./ffi/device.ts";
export type { Backend } from "./ffi/library.ts";
export { LibraryError, TameError, type TameStatus } from "./ffi/errors.ts";
export { type GaussianField, Gaussians, type SplatArrays } from "./ffi/gaussians.ts";
export type { Image } from "./ffi/image.ts";
export { Picture } from "./ffi/picture.ts";
export { imageLoss, psnr, ssim, type SsimOptions } from "./ffi/metrics.ts";
export {
  type Color,
  type Rasterization,
  rasterize,
  render,
  type RenderOptions,
  type SplatGradients,
} from "./ffi/rasterizer.ts";
export type { Among, Columns, DrawOptions, EditOptions, RowKind } from "./ffi/columns.ts";
export type { ParameterName } from "./ffi/parameters.ts";
export type { ColumnInfo, OpacityMode, StateChunk, TrainerProgress, TrainerState } from "./ffi/state.ts";
export {
  type AddedTerms,
  GROUP,
  SCORE,
  type Statistics,
  STEP,
  type Trainer,
  type TrainerOptions,
} from "./ffi/trainer.ts";
export type { OptionalState } from "./ffi/optional_state.ts";
export { type LoadOptions, loadScene } from "./load/scene.ts";
export { initGaussians, type InitOptions, loadPly, type LoadPlyOptions } from "./init/gaussians.ts";
export { knnMeanDist2, type KnnOptions } from "./init/knn.ts";
export { type CorrectedScores, type EvalOptions, evaluate, Report, type ViewScores } from "./measure/evaluate.ts";
export type { CaptureIdentity } from "./train/checkpoint/capture.ts";
export { CheckpointFile } from "./train/checkpoint/file.ts";
export { latestCheckpoint, type LatestOptions } from "./train/checkpoint/latest.ts";
export type { CheckpointManifest, CheckpointSection, RunOrigin } from "./train/checkpoint/manifest.ts";
export type { Snapshot, SnapshotWriteOptions } from "./train/checkpoint/snapshot.ts";
export type { Clock, Due, RunState } from "./train/state.ts";
export { TrainController } from "./train/controller.ts";
export type {
  CheckpointEvent,
  DensifyEvent,
  DensifyingEvent,
  DoneEvent,
  EvaluateEvent,
  IterationsEvent,
  PauseEvent,
  PhotoEvent,
  PlanEvent,
  PreviewEvent,
  ResumeEvent,
  RunEnding,
  SaveEvent,
  StepEvent,
  TrainEvent,
  TrainEventBase,
  TrainResult,
  ViewEvent,
  WarningEvent,
} from "./train/events.ts";
export type { ExposureChoice } from "./train/exposure/choice.ts";
export type { LogGains } from "./train/exposure/fit.ts";
export { DivergenceError } from "./train/divergence.ts";
export { train } from "./train/loop.ts";
export type {
  BudgetMode,
  OptimizerType,
  ResolvedTrainOptions,
  StrategyContext,
  TrainOptions,
} from "./train/options.ts";
export type { StrategyName } from "./train/strategy_options.ts";
export type { Parity, ParityPart } from "./train/parity.ts";
export type { TimePlan } from "./train/time_plan.ts";
export type { MemoryPlan, PlanItem } from "./train/plan.ts";
export type { Preset } from "./train/presets.ts";
export type { EventOutcome, EventPlace, StepTerms, Strategy } from "./train/strategies/strategy.ts";
export { loadLpips, lpips, type LpipsNet, LpipsNetwork, type LpipsOptions } from "./eval/lpips/lpips.ts";
export { sideBySide } from "./eval/side_by_side.ts";
export { type SavedPly, savePly, type SavePlyOptions } from "./export/splats.ts";
export { type ExportedFile, type ExportOptions, exportSplats } from "./export/export_splats.ts";
export type { ExportFormat } from "./export/export_format.ts";
export { type Displayable, OutputCell } from "./notebook/cell.ts";
export { linePlot, type LinePlotOptions, Plot, type PlotRow } from "./notebook/plot.ts";
export { withProgress } from "./notebook/progress.ts";
