"""SeagullTrainer: transformers' Trainer with our order of data, losses, groups and checkpoints.

Trainer sees the whole run as one epoch: the plan makes the epochs, and a resumed run's loader
begins at the step it resumes from, so nothing is read to be thrown away.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerState, TrainingArguments

from seagull.model.adapter import (
    AdapterInfo,
    load_tensors,
    read_adapter,
    write_adapter,
)
from seagull.model.folders import ADAPTER_FILE
from seagull.training.batch_statistics import absorbed, restore, statistics
from seagull.training.data.plan import ProcessBatches
from seagull.training.data.samples import Batch, token_count
from seagull.training.loop.checkpoints import (
    BEST_FOLDER,
    OPTIMIZER_FILE,
    STATE_FILE,
    checkpoint_name,
    checkpoints,
    prune,
    read_optimizer,
    whole_folder,
    write_optimizer,
)
from seagull.training.loop.gathering import (
    gather_state,
    gather_weights,
    restore_all,
    restore_schedule,
)
from seagull.training.loop.parts import RunParts, TrainingStoppedError
from seagull.training.network import TrainingNetwork
from seagull.training.trainable import parameter_groups

logger = logging.getLogger(__name__)

ENCODER = "vision_encoder"
STATISTICS_FILE = "statistics.safetensors"
"""In checkpoints of runs that learn batch statistics."""


class SeagullTrainer(Trainer):
    """Trains a ``TrainingNetwork``.

    Args:
        network: with exactly its trainable parameters requiring gradients.
        args: of transformers; ``max_steps`` is the run's.
        parts: of the run.
    """

    def __init__(
        self, network: TrainingNetwork, args: TrainingArguments, parts: RunParts, **kwargs: Any
    ) -> None:
        self.network, self.parts = network, parts
        self.run_folder = parts.settings.folder
        self.terms: dict[str, float] = {}
        self.tokens = 0.0
        super().__init__(
            model=network, args=args, train_dataset=parts.data.dataset,
            eval_dataset=[] if parts.validator else None, **kwargs,
        )  # fmt: skip
        self.loss_is_scaled_for_ga = True

    # Data and order

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The micro-batches of this process, from the step that is next."""
        batches = ProcessBatches(
            self.parts.data.plan,
            self.parts.steps,
            self.parts.start,
            self.args.process_index,
            self.args.world_size,
        )
        workers = self.parts.settings.workers
        return DataLoader(
            self.parts.data.dataset,
            batch_sampler=batches,
            collate_fn=self.parts.data.maker,
            num_workers=workers,
            persistent_workers=False,
            pin_memory=self.args.device.type == "cuda",
            prefetch_factor=4 if workers else None,
        )

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """The optimiser, with a learning rate per module group; matrices alone decay."""
        if self.optimizer is None:
            cls, kwargs = self.get_optimizer_cls_and_kwargs(self.args)
            kwargs.pop("lr", None)
            settings = self.parts.settings
            groups = parameter_groups(self.network.trained(), settings.rates, settings.weight_decay)
            self.optimizer = cls(groups, **kwargs)
        return self.optimizer

    # Loss

    def training_step(
        self,
        model: nn.Module,
        inputs: Batch,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """One micro-batch forward and backward; dropout follows from the micro-batch alone."""
        seed = int(inputs.pop("seed"))
        devices = [self.args.device.index or 0] if self.args.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            loss = super().training_step(model, inputs, num_items_in_batch)
        if not bool(torch.isfinite(loss)):
            raise self._stopped("the loss is not a number")
        return loss

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The batch's share of the step's loss: a sum, divided by the step's supervised tokens."""
        outputs: Mapping[str, Tensor] = model(**inputs)
        assert num_items_in_batch is not None
        scale = self.args.world_size / max(1.0, float(num_items_in_batch))
        self.tokens += token_count(inputs)
        for name, value in outputs.items():
            if name != "total":
                self.terms[name] = self.terms.get(name, 0.0) + float(value) * scale
        loss = outputs["total"] * scale
        return (loss, outputs) if return_outputs else loss

    def _clip_grad_norm(self, model: nn.Module) -> Any:
        norm = super()._clip_grad_norm(model)  # type: ignore[no-untyped-call]
        if norm is not None and not bool(torch.isfinite(torch.as_tensor(norm)).all()):
            raise self._stopped("the gradient is not a number")
        return norm

    def _stopped(self, reason: str) -> TrainingStoppedError:
        saved = checkpoints(self.run_folder)
        advice = (
            f"the last good checkpoint is {saved[-1]}" if saved else "there is no checkpoint yet"
        )
        return TrainingStoppedError(
            f"step {self.state.global_step + 1}: {reason}; {advice}. Lower the learning rate, or "
            "look at the records of that step with --dry-run"
        )

    # Log and validation

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Logs, with the parts of the loss and the epoch of the data."""
        if "loss" in logs:
            steps = max(1, self.state.global_step - self._last_terms)
            if len(self.terms) > 1:
                logs |= {f"loss_{name}": value / steps for name, value in self.terms.items()}
            logs["tokens"] = self.tokens
            self.terms, self.tokens, self._last_terms = {}, 0.0, self.state.global_step
        self.state.epoch = self.parts.data.plan.epochs_after(self.state.global_step)
        super().log(logs, start_time)

    _last_terms = 0

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Assesses the validation photos; the adapter is kept if it is the best so far."""
        metrics: dict[str, float] = {}
        if self.args.process_index == 0 or self._sharded:
            self.network.eval()
            bf16 = torch.autocast(self.args.device.type, torch.bfloat16, enabled=self.args.bf16)
            with bf16:
                metrics = self.parts.validator(self.network) if self.parts.validator else {}
            self.network.train()
        if self.args.world_size > 1:
            box: list[Any] = [metrics]
            torch.distributed.broadcast_object_list(box, src=0)
            metrics = box[0]
        self.log({f"eval_{name}": value for name, value in metrics.items()})
        value = metrics.get(self.parts.settings.best_by)
        if value is not None and (self.state.best_metric is None or value > self.state.best_metric):
            self.state.best_metric, self.state.best_global_step = value, self.state.global_step
            self.write_adapter_folder(self.run_folder / BEST_FOLDER, metrics)
        return metrics

    # Checkpoints

    @property
    def _sharded(self) -> bool:
        """Whether weights are spread over processes (ZeRO-3)."""
        return any(hasattr(parameter, "ds_id") for parameter in self.network.parameters())

    @property
    def _plain_optimizer(self) -> torch.optim.Optimizer:
        """The optimiser inside accelerate's wrapper."""
        optimizer: Any = self.optimizer
        return optimizer.optimizer

    def write_adapter_folder(self, folder: Path, metrics: Mapping[str, float]) -> None:
        """Writes what is trained as an adapter; every process has to call it."""
        keep, groups = self.args.process_index == 0, self.parts.keep_groups
        tensors = gather_weights(self.network, self._engine, keep=keep, groups=groups)
        for name, value in absorbed(self.network.normed, self.network.base_statistics).items():
            tensors[f"{ENCODER}.{name}"] = value
        if keep:
            about = dict(self.parts.info.about) | {"metrics": dict(metrics)}
            about["step"] = self.state.global_step
            info = AdapterInfo(**{**vars(self.parts.info), "about": about})
            with whole_folder(folder) as scratch:
                write_adapter(scratch / ADAPTER_FILE, tensors, info)

    @property
    def _engine(self) -> Any:
        """DeepSpeed's engine around the network; None without it."""
        wrapped: Any = self.model_wrapped
        return wrapped if self.is_deepspeed_enabled and hasattr(wrapped, "optimizer") else None

    def save_last_checkpoint(self) -> None:
        """Writes a checkpoint of the last step, if none is due there; every process calls it."""
        interval = self.args.save_steps if self.args.save_strategy == "steps" else 0
        if not interval or self.state.global_step % interval:
            self._save_checkpoint(self.network, None)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        keep = self.args.process_index == 0
        weights = gather_weights(self.network, self._engine, keep=keep)
        state = gather_state(self.network, self._engine, self._plain_optimizer, keep=keep)
        if keep:
            if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
                raise self._stopped("a weight is not a number")
            name = checkpoint_name(self.state.global_step)
            with whole_folder(self.run_folder / name) as scratch:
                write_adapter(scratch / ADAPTER_FILE, weights, self.parts.info)
                write_optimizer(scratch / OPTIMIZER_FILE, state)
                if self.network.normed:
                    save_file(statistics(self.network.normed), scratch / STATISTICS_FILE)
                self.state.save_to_json(str(scratch / STATE_FILE))
            prune(self.run_folder, self.parts.settings.keep)
        if self.args.world_size > 1:
            torch.distributed.barrier()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Nothing yet: see ``_prepare_for_training``."""

    def _prepare_for_training(
        self, max_steps: int, train_dataloader: Any, resume_from_checkpoint: str | None
    ) -> Any:
        """Wraps the model, then gives it, the optimiser and the schedule their state back."""
        prepare = super()._prepare_for_training
        prepared = prepare(max_steps, train_dataloader, None)  # type: ignore[no-untyped-call]
        if resume_from_checkpoint is not None:
            self._restore(Path(resume_from_checkpoint))
        return prepared

    def take_up(self, folder: Path) -> None:
        """Gives network and state what the last checkpoint of a run without steps left holds."""
        saved = TrainerState.load_from_json(str(folder / STATE_FILE))
        for name in ("global_step", "best_metric", "best_global_step"):
            setattr(self.state, name, getattr(saved, name))
        trained = dict(self.network.trained())
        for parameter in trained.values():
            parameter.data = parameter.data.float()  # DeepSpeed would keep copies of 32 bits
        load_tensors(trained, self._checked_weights(folder))
        self._restore_statistics(folder)

    def _restore(self, folder: Path) -> None:
        trained, weights = dict(self.network.trained()), self._checked_weights(folder)
        state = read_optimizer(folder / OPTIMIZER_FILE)
        restore_all(trained, self._engine, self._plain_optimizer, weights, state)
        self._restore_statistics(folder)
        self._last_terms = self.state.global_step
        restore_schedule(self.lr_scheduler, self.state.global_step)

    def _restore_statistics(self, folder: Path) -> None:
        if self.network.normed:
            restore(self.network.normed, load_file(folder / STATISTICS_FILE))

    def _checked_weights(self, folder: Path) -> dict[str, Tensor]:
        _, weights = read_adapter(folder / ADAPTER_FILE)
        trained = dict(self.network.trained())
        if missing := sorted(set(trained) ^ set(weights)):
            raise TrainingStoppedError(
                f"{folder}: it was made with other trainable modules ({missing[0]} ...); resume "
                "with the same stage, trainable and lora settings"
            )
        return weights
