"""The audited model beside the model before unlearning and retrained ones."""
