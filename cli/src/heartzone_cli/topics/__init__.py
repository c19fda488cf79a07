"""`heartzone topics`: what schemas/topics/*.yaml ask for, compared and carried out without Kubernetes."""
