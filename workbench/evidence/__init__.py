"""What a third party can verify without the data and without the model."""
