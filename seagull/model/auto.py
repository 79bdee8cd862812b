"""Registers model, configuration and processor with the Auto classes of transformers."""

from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

from seagull.model.config import SeagullConfig, SeagullMFEConfig, SeagullVisionConfig
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.preprocessing.processor import SeagullProcessor

AutoConfig.register("seagull", SeagullConfig)
AutoConfig.register("seagull_vision", SeagullVisionConfig)
AutoConfig.register("seagull_mfe", SeagullMFEConfig)
AutoModelForImageTextToText.register(SeagullConfig, SeagullForConditionalGeneration)
AutoProcessor.register(SeagullConfig, SeagullProcessor)

__all__ = ["SeagullConfig", "SeagullForConditionalGeneration", "SeagullProcessor"]
