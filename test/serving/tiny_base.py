"""A random Llama of one layer with a BPE of its own, and a random adapter on it: what the trainer exports, in seconds.

usage: tiny_base.py <folder of the base> <folder of the adapter>
"""

import sys

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

base, adapter = sys.argv[1:3]
TEXT = ["Where is my card? My card has not arrived.", "What is the exchange rate today, please?", "naïve café 日本語 😀"] * 50
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
alphabet = pre_tokenizers.ByteLevel.alphabet()
tokenizer.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, special_tokens=CONTROL))
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=CONTROL[0], eos_token=CONTROL[2], pad_token=CONTROL[0])
fast.chat_template = TEMPLATE
fast.save_pretrained(base)

torch.manual_seed(1)
# Widths that q4_k_m can cut into its blocks of 256.
config = LlamaConfig(
    vocab_size=len(fast),
    hidden_size=256,
    intermediate_size=512,
    num_hidden_layers=1,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=256,
    bos_token_id=0,
    eos_token_id=2,
    tie_word_embeddings=False,
)
model = LlamaForCausalLM(config)
for parameter in model.parameters():
    # Transformers begins with weights so small that every token is about as likely as any other.
    parameter.data.mul_(4)
model.save_pretrained(base)
lora = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "up_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
get_peft_model(model, lora).save_pretrained(adapter)
